"""Where only the invited may register: an administrator invites, one person registers, once."""

from pathlib import Path
from typing import Any

import httpx

from tests.api.answers import data_of, refusal_of
from tests.api.servers import tailored
from tests.server import ServerProcess

REGISTER = "/api/v1/auth/register"
INVITATIONS = "/api/v1/auth/invitations"


def registered(server: ServerProcess, name: str, email: str, invitation: str | None) -> httpx.Response:
    """What comes of registering with that invitation."""
    body: dict[str, Any] = {"name": name, "email": email, "password": "a password of some length"}
    with server.client(language="en") as stranger:
        return stranger.post(REGISTER, json={**body, "invitation": invitation})


def invited(root: httpx.Client, **body: str) -> dict[str, Any]:
    """The invitation that root makes."""
    told = "The invitation is told this once; it holds for 7 days"
    data: dict[str, Any] = data_of(root.post(INVITATIONS, json=body), 201, message=told)
    return data


def test_the_invited_register_once(database_kind: str, tmp_path: Path) -> None:
    settings = {"EULERMAKER_ACCOUNTS__REGISTRATION": "invite"}
    with tailored(database_kind, tmp_path / "data", settings) as server, server.signed_in() as root:
        refusal_of(registered(server, "li", "li@example.org", None), 403, "FORBIDDEN", "invitation-required")
        anyone = invited(root)
        assert anyone["email"] is None
        bound = invited(root, email="wang@example.org")
        assert root.post(INVITATIONS, json={"email": "no address"}).status_code == 400

        theirs = registered(server, "li", "li@example.org", bound["invitation"])
        refusal_of(theirs, 403, "FORBIDDEN", "invitation-required")
        assert registered(server, "wang", "wang@example.org", bound["invitation"]).status_code == 201
        assert registered(server, "li", "li@example.org", anyone["invitation"]).status_code == 201
        again = registered(server, "zhao", "zhao@example.org", anyone["invitation"])
        refusal_of(again, 403, "FORBIDDEN", "invitation-required")

        entries = data_of(root.get("/api/v1/system/audit", params={"action": "user.invite"}))["entries"]
        assert [entry["resource_id"] for entry in entries] == ["wang@example.org", ""]
        assert anyone["invitation"] not in str(entries)
