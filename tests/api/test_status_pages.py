"""Status pages over HTTP: whose they are, and what the public sees of probes that really run."""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from eulermaker.features.status_pages import faults
from eulermaker.features.status_pages.service import MAX_OWN
from tests.api.answers import data_of, done, refusal_of, refused_fields
from tests.features.notifications.receivers import Receiver, receiver
from tests.server import ServerProcess, free_port

PAGES = "/api/v1/notifications/status-pages"
WHO = ("anonymous", "stranger", "readonly", "operator", "administrator", "foreigner", "owner")
READ = (401, 404, 200, 200, 200, 404, 200)
WRITE = (401, 404, 403, 200, 200, 404, 200)
TABLE: dict[tuple[str, str], tuple[int, ...]] = {
    ("GET", ""): (401, 200, 200, 200, 200, 200, 200),
    ("POST", ""): (401, 201, 403, 201, 201, 201, 201),
    ("GET", "/{status_page}"): READ,
    ("PUT", "/{status_page}"): WRITE,
    ("DELETE", "/{status_page}"): WRITE,
}


def body(**fields: Any) -> dict[str, Any]:
    """A page to make, with an address of its own."""
    slug = f"page-{uuid.uuid4().hex[:12]}"
    return {"slug": slug, "title": "Our services", "selector": {"page": slug}, **fields}


@pytest.fixture
def made(people: dict[str, httpx.Client]) -> Iterator[Callable[..., dict[str, Any]]]:
    """Makes status pages of the owner's that end with the test."""
    paths: list[str] = []

    def make(person: str = "owner", **fields: Any) -> dict[str, Any]:
        answer = people[person].post(PAGES, json=body(**fields))
        found: dict[str, Any] = data_of(answer, 201, message="Status page created")
        paths.append(f"{PAGES}/{found['id']}")
        return found

    yield make
    for path in paths:
        people["administrator"].delete(path)


@pytest.fixture
def target() -> Iterator[Receiver]:
    """A server that a probe asks."""
    with receiver() as listening:
        yield listening


def probe(client: httpx.Client, url: str, labels: dict[str, str], **fields: Any) -> str:
    """A probe of the caller's that has been checked; tells its id."""
    wanted = {
        "name": "<b>shop</b>",
        "probe_type": "http",
        "config": {"url": url, "interval": 1, "timeout": 1, "failure_threshold": 1},
        "labels": labels,
        **fields,
    }
    answer = client.post("/api/v1/probes", json=wanted)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def test_every_operation_has_a_row(shared_server: ServerProcess) -> None:
    paths = httpx.get(f"{shared_server.url}/openapi.json", timeout=60).json()["paths"]
    found = {
        (method.upper(), path.removeprefix(PAGES))
        for path, methods in paths.items()
        if path.startswith(PAGES)
        for method in methods
    }
    assert found == set(TABLE)


@pytest.mark.parametrize("operation", TABLE, ids=" ".join)
def test_operation_answers_each_as_the_table_says(
    people: dict[str, httpx.Client], made: Callable[..., dict[str, Any]], operation: tuple[str, str]
) -> None:
    method, template = operation
    for person, status in zip(WHO, TABLE[operation], strict=True):
        page = made()["id"] if "{status_page}" in template else ""
        wanted = body() if method in ("POST", "PUT") else None
        answer = people[person].request(method, f"{PAGES}{template.format(status_page=page)}", json=wanted)
        assert answer.status_code == status, f"{person}: {answer.text}"
        if status == 201:
            people[person].delete(f"{PAGES}/{answer.json()['data']['id']}")


def test_the_public_sees_what_is_selected_and_nothing_else(
    people: dict[str, httpx.Client],
    anonymous: httpx.Client,
    made: Callable[..., dict[str, Any]],
    target: Receiver,
) -> None:
    owner, page = people["administrator"], made("administrator")
    labels = {**page["selector"], "secret-label": "hidden-value"}
    up = probe(owner, f"{target.url}?token=hidden-token", labels)
    down = probe(owner, f"http://127.0.0.1:{free_port()}/", labels, name="down")
    others = [
        probe(people["stranger"], "http://192.0.2.1/", labels, name="of a stranger"),
        probe(owner, target.url, {"page": "another"}, name="of another page"),
    ]
    try:
        text = shown(anonymous, page["slug"], "Some services are failing")
        assert "&lt;b&gt;shop&lt;/b&gt;" in text
        for hidden in ("hidden-", "127.0.0.1", "of a stranger", "of another page", "<b>"):
            assert hidden not in text
        answer = anonymous.get(f"/status/{page['slug']}", headers={"Accept-Language": "zh"})
        assert answer.headers["Content-Language"] == "zh"
        assert "部分服务异常" in answer.text
        assert answer.headers["Cache-Control"] == "public, max-age=15"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        badge = anonymous.get(f"/status/{page['slug']}/badge.svg", headers={"Accept-Language": "en"})
        assert badge.headers["Content-Type"].startswith("image/svg+xml")
        assert "Our services: Failing" in badge.text
        one = anonymous.get(f"/status/{page['slug']}/badges/{up}.svg", headers={"Accept-Language": "en"})
        assert "Operational" in one.text
        other = anonymous.get(f"/status/{page['slug']}/badges/{others[0]}.svg")
        refusal_of(other, 404, "RESOURCE_NOT_FOUND", "status-page-not-found")
    finally:
        for identifier in (up, down, others[1]):
            owner.delete(f"/api/v1/probes/{identifier}")
        people["stranger"].delete(f"/api/v1/probes/{others[0]}")


def shown(client: httpx.Client, slug: str, words: str) -> str:
    """The page's text, once it says so."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = client.get(f"/status/{slug}", headers={"Accept-Language": "en"})
        assert answer.status_code == 200, answer.text
        if words in answer.text:
            return answer.text
        time.sleep(0.5)
    raise AssertionError(answer.text)


def test_a_page_that_is_switched_off_or_gone_is_not_there(
    people: dict[str, httpx.Client], anonymous: httpx.Client, made: Callable[..., dict[str, Any]]
) -> None:
    owner, page = people["owner"], made()
    assert anonymous.get(f"/status/{page['slug']}").status_code == 200
    off = {name: page[name] for name in ("slug", "title", "selector")} | {"enabled": False}
    data_of(owner.put(f"{PAGES}/{page['id']}", json=off), message="Status page updated")
    for path in ("", "/badge.svg", "/badges/probe_0.svg"):
        answer = anonymous.get(f"/status/{page['slug']}{path}")
        refusal_of(answer, 404, "RESOURCE_NOT_FOUND", "status-page-not-found")
    done(owner.delete(f"{PAGES}/{page['id']}"), "Status page removed")


def test_an_address_belongs_to_one_page(
    people: dict[str, httpx.Client], made: Callable[..., dict[str, Any]]
) -> None:
    owner, one, other = people["owner"], made(), made()
    taken = body(slug=one["slug"])
    for answer in (owner.post(PAGES, json=taken), owner.put(f"{PAGES}/{other['id']}", json=taken)):
        refusal_of(answer, 409, "RESOURCE_CONFLICT", "status-page-slug-taken")


def test_only_those_who_manage_everything_show_everything(people: dict[str, httpx.Client]) -> None:
    answer = people["owner"].post(PAGES, json=body(scope="tenant"))
    refusal_of(answer, 403, "FORBIDDEN", "forbidden")


def test_one_user_cannot_take_everything(people: dict[str, httpx.Client]) -> None:
    stranger = people["stranger"]
    made = [stranger.post(PAGES, json=body()) for _ in range(MAX_OWN)]
    assert {answer.status_code for answer in made} == {201}
    refusal_of(stranger.post(PAGES, json=body()), 409, "RESOURCE_CONFLICT", "too-many-status-pages")
    for answer in made:
        stranger.delete(f"{PAGES}/{answer.json()['data']['id']}")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": ""}, "slug"),
        ({"slug": "Upper"}, "slug"),
        ({"slug": "a/b"}, "slug"),
        ({"slug": "-a"}, "slug"),
        ({"slug": "x" * 65}, "slug"),
        ({"title": " "}, "title"),
        ({"selector": {}}, "selector"),
        ({"scope": "world"}, "scope"),
        ({"more": 1}, "more"),
    ],
)
def test_a_bad_page_is_refused_with_its_field(
    people: dict[str, httpx.Client], change: dict[str, Any], field: str
) -> None:
    assert set(refused_fields(people["owner"].post(PAGES, json=body(**change)))) == {field}


def test_every_entry_is_provoked_above() -> None:
    assert {entry.slug for entry in faults.ENTRIES} == {
        "status-page-not-found",
        "status-page-slug-taken",
        "too-many-status-pages",
    }
