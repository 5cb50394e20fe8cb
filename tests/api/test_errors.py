"""The catalogue and the records of errors over HTTP."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.api.answers import MOMENT, data_of, is_chinese, refusal_of
from tests.dialects.documented import ROWS
from tests.server import ServerProcess

ERRORS = "/api/v1/errors"
RECORDS = "/api/v1/system/errors"
HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def listed(client: httpx.Client, **asked: object) -> list[dict[str, Any]]:
    answer = client.get(ERRORS, params={name: str(value).lower() for name, value in asked.items()})
    data = data_of(answer)
    assert data["total"] == len(data["errors"])
    found: list[dict[str, Any]] = data["errors"]
    return found


def test_every_documented_row_is_listed_and_has_a_page(anonymous: httpx.Client) -> None:
    rows = {(each["family"], each["label"], each["status"]): each for each in listed(anonymous)}
    for row in ROWS:
        found = rows[row.family, row.title, row.status]
        assert found["origin"] == "document"
        page = data_of(anonymous.get(f"{ERRORS}/{row.family}/{quote(row.title, safe='')}"))
        assert {name: page[name] for name in found} == found
        assert page["faults"]
        assert data_of(anonymous.get(found["url"]))["code"] == row.code


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"family": "001"}, lambda each: each["family"] == "001"),
        ({"status": 429}, lambda each: each["status"] == 429),
        ({"retryable": True}, lambda each: each["retry"]["retryable"]),
        ({"planned": True}, lambda each: each["planned"]),
        ({"family": "003", "status": 401, "retryable": False}, lambda each: each["family"] == "003"),
    ],
)
def test_the_list_is_filtered(anonymous: httpx.Client, asked: dict[str, object], expected: Any) -> None:
    found = listed(anonymous, **asked)
    assert 0 < len(found) < len(listed(anonymous))
    assert all(expected(each) for each in found)


def test_a_filter_that_is_none_is_refused(anonymous: httpx.Client) -> None:
    for asked in ({"family": "005"}, {"status": 200}, {"retryable": "maybe"}):
        refusal_of(anonymous.get(ERRORS, params=asked), 400, "INVALID_REQUEST", "invalid-request")


@pytest.mark.parametrize("path", ["", "/000/FORBIDDEN", "/forbidden"])
def test_what_the_client_has_is_not_sent_again(anonymous: httpx.Client, path: str) -> None:
    first = anonymous.get(f"{ERRORS}{path}")
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "no-cache"
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = anonymous.get(f"{ERRORS}{path}", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert anonymous.get(f"{ERRORS}{path}", headers={"If-None-Match": '"other"'}).status_code == 200
    assert anonymous.get(f"{ERRORS}/000/DOCKER_ERROR", headers={"If-None-Match": tag}).status_code == 200


def test_a_page_for_people_in_the_language_they_ask_for(anonymous: httpx.Client) -> None:
    page = f"{ERRORS}/004/E105"
    for asked, language in (("zh-CN,en;q=0.5", "zh"), ("en-GB", "en")):
        answer = anonymous.get(page, headers={**HTML, "Accept-Language": asked})
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["Content-Language"] == language
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert ("What to do" in answer.text) == (language == "en")
        again = anonymous.get(
            page, headers={**HTML, "Accept-Language": asked, "If-None-Match": answer.headers["ETag"]}
        )
        assert again.status_code == 304
    chosen = anonymous.get(page, params={"language": "en"}, headers={**HTML, "Accept-Language": "zh"})
    assert chosen.headers["Content-Language"] == "en"
    for accept in ("application/json", "*/*", "text/html;q=0.5, application/json"):
        assert anonymous.get(page, headers={"Accept": accept}).headers["Content-Type"] == "application/json"


def test_what_is_not_in_the_catalogue_is_told_as_such(anonymous: httpx.Client) -> None:
    for path in ("/004/E999", "/000/E105", "/no-such-fault", "/000/%3Cscript%3E"):
        for accept in ("*/*", HTML["Accept"]):
            answer = anonymous.get(f"{ERRORS}{path}", headers={"Accept": accept})
            refusal_of(answer, 404, "RESOURCE_NOT_FOUND", "error-not-found")


def test_where_a_problem_points_to(anonymous: httpx.Client) -> None:
    problem = anonymous.get("/api/v1/builds", headers={"Accept": "application/problem+json"}).json()
    assert problem["type"] == f"{ERRORS}/000/UNAUTHORIZED#token-missing"
    shown = anonymous.get(problem["type"], headers=HTML)
    assert '<tr id="token-missing">' in shown.text
    assert is_chinese(shown.text)


def test_errors_are_counted_by_code_route_and_tenant(admin: httpx.Client, anonymous: httpx.Client) -> None:
    def count(client: httpx.Client) -> int:
        asked = {"slug": "build-not-found", "route": "/api/v1/builds/{build}"}
        found = data_of(client.get(RECORDS, params=asked))["errors"]
        return next((each["count"] for each in found if each["tenant"] == "tenant_default"), 0)

    before = count(admin)
    for _ in range(3):
        admin.get("/api/v1/builds/build_000000000000")
    assert count(admin) == before + 3
    for _ in range(2):
        anonymous.get("/api/v1/builds")
    page = data_of(admin.get(RECORDS, params={"code": "UNAUTHORIZED", "limit": 1}))
    assert (page["limit"], len(page["errors"])) == (1, 1)
    found = page["errors"][0]
    assert (found["tenant"], found["status"], found["family"]) == ("", 401, "000")
    assert MOMENT.fullmatch(found["first_seen"])
    assert found["first_seen"] <= found["last_seen"]
    metrics = admin.get("/metrics").text
    series = 'eulermaker_errors_total{code="RESOURCE_NOT_FOUND",family="000",route="/api/v1/builds/{build}"'
    assert series in metrics


def test_a_request_is_looked_up_by_its_id(admin: httpx.Client, people: dict[str, httpx.Client]) -> None:
    refused = people["readonly"].post("/api/v1/builds/build_000000000000/execute")
    identifier = refused.headers["X-Request-ID"]
    found = data_of(admin.get(f"{RECORDS}/requests/{identifier}"))
    (occurrence,) = found["occurrences"]
    assert found["request_id"] == occurrence["request_id"] == identifier
    assert occurrence["slug"] == refused.headers["X-Error-Code"]
    assert (occurrence["route"], occurrence["method"]) == ("/api/v1/builds/{build}/execute", "POST")
    assert (occurrence["tenant"], occurrence["status"]) == ("tenant_default", refused.status_code)
    assert occurrence["user"].startswith("user_")
    assert MOMENT.fullmatch(occurrence["at"])


def test_nothing_that_was_sent_is_kept(admin: httpx.Client, anonymous: httpx.Client) -> None:
    canary = "canary-8f2e11"
    body = {"username": canary, "password": canary, "email": f"{canary}@example.org"}
    answers = [
        anonymous.post("/api/v1/auth/login", json=body, params={"token": canary}),
        anonymous.get(f"/api/v1/builds/{canary}", headers={"Authorization": f"Bearer {canary}"}),
        anonymous.get(f"/nowhere/{canary}"),
    ]
    for answer in answers:
        found = admin.get(f"{RECORDS}/requests/{answer.headers['X-Request-ID']}")
        assert data_of(found)["occurrences"]
        assert canary not in found.text
    assert canary not in admin.get(RECORDS, params={"limit": 200}).text


def test_what_is_no_id_of_a_request_is_not_found(admin: httpx.Client) -> None:
    for identifier in ("req_nobody", "a" * 500, "%25", "' OR 1=1"):
        answer = admin.get(f"{RECORDS}/requests/{identifier}")
        refusal_of(answer, 404, "RESOURCE_NOT_FOUND", "failed-request-not-found")


def test_counts_outlive_the_server(server: ServerProcess) -> None:
    with server.client(language="en") as client:
        client.post("/api/v1/auth/login", json={"username": "admin", "password": "wrong"})
        asked = client.get("/api/v1/builds")
    assert server.stop() == 0
    server.start()
    with server.signed_in() as client:
        counts = data_of(client.get(RECORDS))["errors"]
        assert {"wrong-credentials", "token-missing"} <= {each["slug"] for each in counts}
        found = data_of(client.get(f"{RECORDS}/requests/{asked.headers['X-Request-ID']}"))
        assert found["occurrences"][0]["slug"] == "token-missing"
