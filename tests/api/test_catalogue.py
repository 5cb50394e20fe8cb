"""The catalogue: two languages that say the same, and a real request behind every entry."""

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from eulermaker.dialects import files
from eulermaker.engines import port
from eulermaker.features.accounts.tokens import AccessTokens
from eulermaker.features.builds import faults as builds
from eulermaker.features.errors import faults as errors
from eulermaker.features.errors.catalogue import catalogue
from eulermaker.kernel import call, faults
from eulermaker.kernel.faults import Entry
from tests.api.answers import data_of, is_chinese
from tests.api.servers import tailored
from tests.server import IMAGE, ServerProcess, build, finished

BUILDS = "/api/v1/builds"
REFRESH = "/api/v1/auth/refresh"
TESTS = Path(__file__).parent.parent
#: The features whose entries this table is about; others keep theirs beside their own tests.
COVERED = (faults, call, files, port, builds, errors)
#: What takes an engine, a database or a server that misbehaves: the tests of those provoke it.
ELSEWHERE = {
    "out-of-scope",
    "engine-unavailable",
    "engine-refused",
    "engine-incompatible",
    "database-unavailable",
    "builder-broke",
    "build-interrupted",
    "shutting-down",
}
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Stage:
    """Where faults are provoked: a server with small bounds, and clients of it."""

    server: ServerProcess
    admin: httpx.Client
    anonymous: httpx.Client
    people: dict[str, httpx.Client]

    def draft(self, dockerfile: str = f"FROM {IMAGE}\n") -> str:
        """A build that was not executed."""
        return build(self.admin, dockerfile, execute=False)

    def outcome(self, dockerfile: str, **fields: object) -> str:
        """Why a build of that Dockerfile ended."""
        found = finished(self.admin, build(self.admin, dockerfile, name="catalogue", **fields))
        return str(found["error"]["code"])

    def bearer(self, token: str) -> str:
        """What somebody with that token is told."""
        return _told(self.anonymous.get(BUILDS, headers={"Authorization": f"Bearer {token}"}))


def _told(answer: httpx.Response) -> str:
    return answer.headers["X-Error-Code"]


def _refused_socket(stage: Stage, query: str = "", **headers: str) -> str:
    url = f"ws://127.0.0.1:{stage.server.port}/ws/builds/build_000000000000/logs{query}"
    with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=headers):
        pass
    return str(refused.value.response.headers["X-Error-Code"])


def _signed(stage: Stage, *, age: timedelta) -> str:
    secret = (stage.server.data_dir / "secret-key").read_text().strip()
    now = datetime.now(UTC) - age
    return AccessTokens(secret).sign(session="session_000000000000", user="nobody", now=now, seconds=60)


def _body_too_large(stage: Stage) -> str:
    chunks = (b" " * 1024 * 1024 for _ in range(65))
    return _told(stage.admin.post(BUILDS, content=chunks, headers=JSON))


def _internal(stage: Stage) -> str:
    draft = stage.draft()
    (stage.server.data_dir / "builds" / draft / "log.ndjson").mkdir()
    return _told(stage.admin.get(f"{BUILDS}/{draft}/logs"))


def _storage_failed(stage: Stage) -> str:
    """The server outlives it: the other entries are provoked on the same one."""
    draft = stage.draft()
    shutil.rmtree(stage.server.data_dir / "builds" / draft)
    stage.admin.post(f"{BUILDS}/{draft}/execute")
    return str(finished(stage.admin, draft)["error"]["code"])


def _state_conflict(stage: Stage) -> str:
    draft = stage.draft()
    stage.admin.post(f"{BUILDS}/{draft}/cancel")
    return _told(stage.admin.post(f"{BUILDS}/{draft}/execute"))


def _unsatisfiable(stage: Stage) -> str:
    made = build(stage.admin, f"FROM {IMAGE}\nRUN mkdir /output && echo x > /output/x\n")
    finished(stage.admin, made)
    return _told(stage.admin.get(f"{BUILDS}/{made}/artifacts/x", headers={"Range": "bytes=2-"}))


def _upload_interrupted(stage: Stage) -> str:
    """Nobody is left to be told, so it is counted."""
    draft = stage.draft()
    with socket.create_connection(("127.0.0.1", stage.server.port)) as connection:
        head = f"PUT {BUILDS}/{draft}/context/a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
        connection.sendall(f"{head}Authorization: {stage.admin.headers['Authorization']}\r\n\r\nx".encode())
        folder = stage.server.data_dir / "builds" / draft
        _until(lambda: list(folder.glob("upload-*")) != [])
    _until(lambda: 'faults_total{slug="upload-interrupted"}' in stage.admin.get("/metrics").text)
    return "upload-interrupted"


PROVOKED: dict[str, Callable[[Stage], str]] = {
    "invalid-request": lambda stage: _told(stage.admin.get(BUILDS, params={"limit": 0})),
    "malformed-body": lambda stage: _told(stage.admin.post(BUILDS, content=b"{", headers=JSON)),
    "body-too-large": _body_too_large,
    "route-not-found": lambda stage: _told(stage.admin.get("/api/v1/nowhere")),
    "method-not-allowed": lambda stage: _told(stage.admin.put(BUILDS)),
    "internal": _internal,
    "forbidden": lambda stage: _told(
        stage.people["readonly"].post(BUILDS, json={"name": "a", "dockerfile_content": f"FROM {IMAGE}\n"})
    ),
    "wrong-credentials": lambda stage: _told(
        stage.anonymous.post("/api/v1/auth/login", json={"username": "admin", "password": "wrong"})
    ),
    "token-missing": lambda stage: _told(stage.anonymous.get(BUILDS)),
    "token-malformed": lambda stage: _told(stage.anonymous.get(BUILDS, headers={"Authorization": "Basic x"})),
    "token-invalid": lambda stage: stage.bearer("forged"),
    "token-expired": lambda stage: stage.bearer(_signed(stage, age=timedelta(hours=1))),
    "session-ended": lambda stage: stage.bearer(_signed(stage, age=timedelta(0))),
    "refresh-token-invalid": lambda stage: _told(stage.anonymous.post(REFRESH, json={"refresh_token": "x"})),
    "ticket-invalid": lambda stage: _refused_socket(stage, "?ticket=used"),
    "origin-refused": lambda stage: _refused_socket(stage, Origin="https://elsewhere.example"),
    "build-not-found": lambda stage: _told(stage.admin.get(f"{BUILDS}/build_000000000000")),
    "artifact-not-found": lambda stage: _told(stage.admin.get(f"{BUILDS}/{stage.draft()}/artifacts/none")),
    "range-not-satisfiable": _unsatisfiable,
    "build-state-conflict": _state_conflict,
    "context-too-large": lambda stage: _told(
        stage.admin.put(f"{BUILDS}/{stage.draft()}/context/a", content=b"x" * 1025)
    ),
    "upload-interrupted": _upload_interrupted,
    "build-step-failed": lambda stage: stage.outcome(f"FROM {IMAGE}\nRUN exit 3\n"),
    "base-image-unavailable": lambda stage: stage.outcome("FROM nowhere.invalid/none:1\n"),
    "build-source-unavailable": lambda stage: stage.outcome(f"FROM {IMAGE}\nADD http://127.0.0.1:1/a /\n"),
    "dockerfile-refused": lambda stage: stage.outcome(f"FROM {IMAGE}\nEXPOSE 99999999\n"),
    "build-storage-failed": _storage_failed,
    "build-timed-out": lambda stage: stage.outcome(
        f"FROM {IMAGE}\nRUN sleep 30\n", timeout=1, cache_enabled=False
    ),
    "artifacts-too-large": lambda stage: stage.outcome(
        f"FROM {IMAGE}\nRUN mkdir /output && head -c 2000 /dev/zero > /output/x\n"
    ),
    "error-not-found": lambda stage: _told(stage.admin.get("/api/v1/errors/no-such-error")),
    "failed-request-not-found": lambda stage: _told(
        stage.admin.get("/api/v1/system/errors/requests/req_nobody")
    ),
}


@pytest.fixture(scope="module")
def stage(
    database_kind: str, tmp_path_factory: pytest.TempPathFactory, people: dict[str, httpx.Client]
) -> Iterator[Stage]:
    """A server with small bounds; people are those of the shared server."""
    settings = {
        "EULERMAKER_BUILD__MAX_CONTEXT_BYTES": "1024",
        "EULERMAKER_BUILD__MAX_ARTIFACT_BYTES": "1024",
    }
    with (
        tailored(database_kind, tmp_path_factory.mktemp("stage") / "data", settings) as server,
        server.signed_in() as admin,
        httpx.Client(base_url=server.url) as anonymous,
    ):
        yield Stage(server, admin, anonymous, people)


def covered() -> set[str]:
    """The slugs that this table is about."""
    return {entry.slug for module in COVERED for entry in module.ENTRIES}


def test_every_entry_is_provoked_or_said_where() -> None:
    assert set(PROVOKED) | ELSEWHERE >= covered()
    assert not set(PROVOKED) & ELSEWHERE
    assert covered() <= {entry.slug for entry in catalogue()}


@pytest.mark.parametrize("slug", PROVOKED)
def test_entry_is_what_a_real_request_is_told(stage: Stage, slug: str) -> None:
    assert PROVOKED[slug](stage) == slug


@pytest.mark.parametrize("entry", list(catalogue()), ids=lambda entry: entry.slug)
def test_both_languages_tell_the_same_facts(entry: Entry) -> None:
    assert is_chinese(entry.zh)
    assert not is_chinese(entry.en)
    assert _facts(entry.zh) == _facts(entry.en)


def test_catalogue_is_served_as_it_is(anonymous: httpx.Client) -> None:
    for entry in catalogue():
        served = data_of(anonymous.get(f"/api/v1/errors/{entry.slug}"))
        assert (served["slug"], served["zh"], served["en"]) == (entry.slug, entry.zh, entry.en)
        assert set(served["families"]) == {"000", "001", "002", "003", "004"}


def _facts(sentence: str) -> set[str]:
    """The names in a sentence; a fact that is worded itself has one name for each language."""
    names = (name for _, name, _, _ in Formatter().parse(sentence) if name)
    return {name.removesuffix("_zh").removesuffix("_en") for name in names}


def _until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)
