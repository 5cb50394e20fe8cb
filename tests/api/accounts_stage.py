"""Where the errors of accounts are provoked: servers, and what they speak to, which fails when told to."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import sqlalchemy as sa

from eulermaker.features.accounts import totp
from eulermaker.features.accounts.tokens import AccessTokens
from eulermaker.kernel.call import Role
from eulermaker.kernel.database import Database
from tests.api.people import add_user, database_url
from tests.api.servers import tailored
from tests.features.notifications.receivers import Mailbox, Receiver, mail_server, receiver
from tests.oidc_provider import oidc_provider
from tests.server import PASSWORD, ServerProcess

Headers = Mapping[str, str]


@dataclass
class Stage:
    """Two servers: one where all is open, and one with everything switched off that can be."""

    server: ServerProcess
    austere: ServerProcess
    mailbox: Mailbox
    profiles: Receiver
    provider: str
    _tokens: dict[str, str] = field(default_factory=dict)

    def client(self, headers: Headers = {}, *, austere: bool = False, as_: str = "") -> httpx.Client:  # noqa: B006
        """A client, as somebody if a name is given."""
        server = self.austere if austere else self.server
        client = server.client(token=self.token(as_, austere=austere) if as_ else None)
        client.headers.update(headers)
        return client

    def token(self, name: str, *, austere: bool = False, fresh: bool = False) -> str:
        """An access token of somebody who has the password of all test accounts."""
        key = f"{name} {austere}"
        if fresh or key not in self._tokens:
            with self.client(austere=austere) as client:
                body = {"username": name, "password": PASSWORD}
                answer = client.post("/api/v1/auth/login", json=body)
            assert answer.status_code == 200, answer.text
            self._tokens[key] = answer.json()["data"]["token"]
        return self._tokens[key]

    def somebody(self, role: Role = Role.USER, *, austere: bool = False) -> str:
        """The name of a new account; its address is the name at example.org."""
        name = f"p{secrets.token_hex(6)}"
        server = self.austere if austere else self.server
        add_user(server, name, role, email=f"{name}@example.org")
        return name

    def execute(self, statement: str, **values: Any) -> None:
        """Change the open server's database behind its back."""

        async def run() -> None:
            database = Database(database_url(self.server))
            async with database.write() as connection:
                await connection.execute(sa.text(statement), values)
            await database.close()

        anyio.run(run)

    def signed(self, *, session: str = "session_000000000000", age: timedelta = timedelta(0)) -> str:
        """A genuine token of a session that may not be there, as old as that."""
        secret = (self.server.data_dir / "secret-key").read_text().strip()
        now = datetime.now(UTC) - age
        return AccessTokens(secret).sign(session=session, user="nobody", now=now, seconds=60)

    def enrolled(self, name: str) -> str:
        """The secret of a new authenticator of somebody."""
        with self.client(as_=name) as client:
            provisioning = client.post("/api/auth/mfa/totp/provision").json()
            code = totp.code_at(provisioning["secret"], totp.step_at(datetime.now(UTC)) - 1)
            body = {"token": provisioning["token"], "code": code}
            answer = client.post("/api/auth/mfa/totp/verify", json=body)
        assert answer.status_code == 200, answer.text
        return str(provisioning["secret"])

    def challenge(self, name: str) -> str:
        """The ticket of a challenge for somebody with an authenticator."""
        with self.client() as client:
            answer = client.post("/api/auth/login", json={"identifier": name, "password": PASSWORD})
        return str(answer.json()["mfaTicket"])

    def code(self, email: str) -> str:
        """The code or token that the newest mail to the address carries."""
        newest = [mail for mail in self.mailbox.mails if mail["To"] == email][-1]
        text = newest.get_payload(decode=True)
        assert isinstance(text, bytes)
        words = text.decode().replace("，", " ").replace("。", " ").replace(".", " ").split()
        return next(word for word in words if (word.isdigit() and len(word) == 6) or len(word) == 43)

    def come_back(self, client: httpx.Client, provider: str, subject: str = "someone") -> httpx.Response:
        """Go to a provider and come back, as a browser does; the answer to the callback."""
        departure = client.get(f"/api/auth/oauth/login/{provider}")
        assert departure.status_code == 302, departure.text
        address = httpx.URL(departure.headers["Location"])
        if str(address).startswith(self.provider):
            arrived = httpx.post(str(address), data={"sub": subject}, timeout=60)
            back = httpx.URL(arrived.headers["Location"])
            return client.get(back.raw_path.decode())
        query = {"code": "any", "state": address.params["state"]}
        return client.get(f"/api/auth/oauth/callback/{provider}", params=query)


@contextmanager
def stage(kind: str, folder: Path) -> Iterator[Stage]:
    """All of it, running."""
    with ExitStack() as stack:
        mailbox = stack.enter_context(mail_server())
        profiles = stack.enter_context(receiver())
        tokens = stack.enter_context(receiver())
        tokens.answer = b'{"access_token": "t", "token_type": "Bearer"}'
        failing = stack.enter_context(receiver())
        failing.manner = "failing"
        issuer = stack.enter_context(oidc_provider())
        oauth = "EULERMAKER_ACCOUNTS__OAUTH"
        here = "http://127.0.0.1"
        settings = {
            "EULERMAKER_ACCOUNTS__REGISTRATION": "open",
            "EULERMAKER_SMTP__HOST": "127.0.0.1",
            "EULERMAKER_SMTP__PORT": str(mailbox.port),
            "EULERMAKER_SMTP__TLS": "none",
            f"{oauth}__MOCK__ISSUER": issuer,
            f"{oauth}__MOCK__CLIENT_ID": "eulermaker",
            f"{oauth}__MOCK__CLIENT_SECRET": "a secret of the client",
            f"{oauth}__PLAIN__CLIENT_ID": "eulermaker",
            f"{oauth}__PLAIN__AUTHORIZE_URL": f"{here}:1/authorize",
            f"{oauth}__PLAIN__TOKEN_URL": f"{here}:{tokens.port}/token",
            f"{oauth}__PLAIN__USERINFO_URL": f"{here}:{profiles.port}/user",
            f"{oauth}__BROKEN__CLIENT_ID": "eulermaker",
            f"{oauth}__BROKEN__AUTHORIZE_URL": f"{here}:1/authorize",
            f"{oauth}__BROKEN__TOKEN_URL": f"{here}:{failing.port}/token",
            f"{oauth}__BROKEN__USERINFO_URL": f"{here}:{failing.port}/user",
        }
        austere = {
            "EULERMAKER_ACCOUNTS__REFRESH_TOKENS": "false",
            "EULERMAKER_ACCOUNTS__USER_METRICS": "false",
            "EULERMAKER_ACCOUNTS__ROOT_EMAIL": "root@example.org",
            "EULERMAKER_ACCOUNTS__REVEAL_UNKNOWN_USER": "true",
            "EULERMAKER_RATE_LIMIT__ENABLED": "true",
            # Who spends a quota comes from an address of their own.
            "EULERMAKER_TRUSTED_PROXIES": "127.0.0.1",
            "EULERMAKER_RATE_LIMIT__AUTH": "60",
            "EULERMAKER_RATE_LIMIT__READS": "60",
        }
        yield Stage(
            server=stack.enter_context(tailored(kind, folder / "open", settings)),
            austere=stack.enter_context(tailored(kind, folder / "austere", austere)),
            mailbox=mailbox,
            profiles=profiles,
            provider=issuer,
        )
