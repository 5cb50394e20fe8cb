"""The entries about containers, terminals, images, volumes, networks, limits and the system.

Each is provoked by a real request: those that need no more than one here, the others where this says.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from websockets.exceptions import InvalidStatus

from eulermaker.engines import containers as engine_containers
from eulermaker.engines import images as engine_images
from eulermaker.engines import networks as engine_networks
from eulermaker.engines import volumes as engine_volumes
from eulermaker.features.containers import faults as containers
from eulermaker.features.images import faults as images
from eulermaker.features.networks import faults as networks
from eulermaker.features.system import faults as system
from eulermaker.features.terminals import faults as terminals
from eulermaker.features.volumes import faults as volumes
from eulermaker.kernel import limits, load, sockets
from eulermaker.kernel.call import Role
from eulermaker.kernel.faults import Entry
from tests.api import terminals as screens
from tests.api.answers import data_of
from tests.api.people import add_user, signed_in
from tests.api.servers import tailored
from tests.api.things import image, unique, until
from tests.engines.faulty import BrokenEngine, FaultyEngine, OldEngine, listening
from tests.server import IMAGE, ServerProcess

CONTAINERS = "/api/v1/containers"
TERMINALS = "/api/v1/terminals"
TESTS = Path(__file__).parent.parent
COVERED = (
    engine_containers, engine_images, engine_networks, engine_volumes, containers, images, networks, volumes,
    terminals, system, limits, load, sockets,
)  # fmt: skip
#: Where the others are provoked, by what their tests are about.
ELSEWHERE: dict[str, set[str]] = {
    "api/test_containers.py": {
        "container-archive-refused", "container-not-found", "container-path-not-found",
        "container-state-conflict", "name-in-use", "port-in-use",
    },
    "api/test_containers_policy.py": {"create-policy-refused"},
    "api/test_images.py": {
        "image-archive-refused", "image-changes-refused", "image-import-interrupted",
        "image-import-too-large", "image-in-use", "image-needed", "image-not-found",
    },
    "api/test_image_pulls.py": {
        "image-not-in-registry", "image-pull-broke", "image-pull-ended", "image-pull-not-found",
        "registry-unreachable", "too-many-image-pulls",
    },
    "features/images/test_service.py": {"image-pull-cancelled", "image-pull-pending"},
    "features/images/test_analyses.py": {"image-analysis-busy", "image-too-many-files"},
    "api/test_networks.py": {
        "network-in-use", "network-not-found", "network-option-refused", "network-predefined",
        "network-refused", "network-state-conflict", "subnet-in-use", "too-many-networks",
    },
    "api/test_volumes.py": {
        "volume-in-use", "volume-not-found", "volume-option-refused", "volume-refused",
    },
    "api/test_terminals.py": {
        "terminal-ended", "terminal-failed", "terminal-not-found", "terminal-without-tty",
    },
    "api/test_terminals_sockets.py": {"too-many-terminals"},
    "api/test_limits.py": {"rate-limited", "sign-in-rate-limited", "too-many-sockets"},
    "api/test_system.py": {"maintenance", "overloaded"},
    "features/terminals/test_terminal_resize.py": {"terminal-resize-failed"},
}  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """A server with small bounds, and people on it."""

    server: ServerProcess
    admin: httpx.Client
    user: httpx.Client

    def in_terminal(self, act: Callable[[screens.Screen], None], query: str = "", **fields: Any) -> str:
        """What somebody is told who does that in a terminal."""
        with screens.container() as made:
            terminal = screens.opened(self.admin, made, **fields)
            with screens.Screen(self.server, self.admin, terminal, query=query, binary=False) as screen:
                act(screen)
                return str(screen.until_frame("error")["error"]["slug"])


def told(answer: httpx.Response) -> str:
    """The slug of a refusal."""
    return answer.headers["X-Error-Code"]


def _type(screen: screens.Screen) -> None:
    screen.type(b"x")


def _upload_interrupted(stage: Stage) -> str:
    """Nobody is left to be told, so it is counted."""
    with screens.container() as made:
        until(lambda: stage.admin.get(f"{CONTAINERS}/{made}").status_code == 200)
        with socket.create_connection(("127.0.0.1", stage.server.port)) as connection:
            head = f"PUT {CONTAINERS}/{made}/files?path=/ HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
            token = stage.admin.headers["Authorization"]
            connection.sendall(f"{head}Authorization: {token}\r\n\r\nx".encode())
        counted = 'faults_total{slug="container-upload-interrupted"}'
        until(lambda: counted in stage.admin.get("/metrics").text)
    return "container-upload-interrupted"


def _refused(stage: Stage) -> str:
    """What a start says with 400, a restart says with 500; both are told as what they are."""
    body = {"image": IMAGE, "command": ["/no-such-command"], "name": unique("refused")}
    name = data_of(stage.admin.post(CONTAINERS, json=body), 201, message="Container created")["name"]
    try:
        assert told(stage.admin.post(f"{CONTAINERS}/{name}/start")) == "container-refused"
        return told(stage.admin.post(f"{CONTAINERS}/{name}/restart"))
    finally:
        stage.admin.delete(f"{CONTAINERS}/{name}", params={"force": True})


def _no_recording(stage: Stage) -> str:
    with screens.container() as made:
        terminal = screens.opened(stage.admin, made)
        return told(stage.admin.get(f"{TERMINALS}/{terminal}/recording"))


def _too_many_viewers(stage: Stage) -> str:
    with screens.container() as made:
        terminal = screens.opened(stage.admin, made)
        with (
            screens.Screen(stage.server, stage.admin, terminal),
            pytest.raises(InvalidStatus) as refused,
            screens.Screen(stage.server, stage.admin, terminal),
        ):
            pass
    return str(refused.value.response.headers["X-Error-Code"])


def _named(stage: Stage, name: str) -> str:
    """What a user is told whose build would take that name."""
    body = {"name": name, "dockerfile_content": f"FROM {IMAGE}\n", "execute": True}
    return told(stage.user.post("/api/v1/builds", json=body))


def _taken(stage: Stage) -> str:
    with image() as name:
        return _named(stage, name)


PROVOKED: dict[str, Callable[[Stage], str]] = {
    "container-refused": _refused,
    "container-upload-interrupted": _upload_interrupted,
    "recording-not-found": _no_recording,
    "too-many-viewers": _too_many_viewers,
    "terminal-view-only": lambda stage: stage.in_terminal(_type, "?mode=view"),
    "image-name-reserved": lambda stage: _named(stage, "eulermaker/rpm-builder"),
    "image-name-taken": _taken,
    "terminal-without-input": lambda stage: stage.in_terminal(_type, stdin=False),
}


@pytest.fixture(scope="module")
def stage(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server with small bounds, and a user beside the administrator."""
    settings = {"EULERMAKER_TERMINALS__MAX_VIEWERS": "1", "EULERMAKER_TERMINALS__RECORD": "false"}
    with tailored(database_kind, tmp_path_factory.mktemp("stage") / "data", settings) as server:
        add_user(server, "user", Role.USER, email="user@example.org")
        with server.signed_in() as admin, signed_in(server, "user") as user:
            yield Stage(server, admin, user)


def test_every_entry_is_provoked_or_said_where() -> None:
    covered = {entry.slug: name for module in COVERED for name, entry in _entries(module)}
    elsewhere = {slug for slugs in ELSEWHERE.values() for slug in slugs}
    assert set(PROVOKED) | elsewhere == set(covered)
    assert not set(PROVOKED) & elsewhere
    for file, slugs in ELSEWHERE.items():
        text = (TESTS / file).read_text()
        unnamed = {slug for slug in slugs if f'"{slug}"' not in text and covered[slug] not in text}
        assert not unnamed, f"{file} does not name them"


@pytest.mark.parametrize("slug", PROVOKED)
def test_entry_is_what_a_real_request_is_told(stage: Stage, slug: str) -> None:
    assert PROVOKED[slug](stage) == slug


@pytest.mark.parametrize(
    ("engine", "slug"), [(BrokenEngine(), "engine-refused"), (OldEngine(), "engine-incompatible")]
)
def test_an_engine_in_a_bad_state_is_told_as_what_it_is(
    tmp_path: Path, engine: FaultyEngine, slug: str
) -> None:
    with (
        served(engine, tmp_path) as host,
        ServerProcess(tmp_path / "data", {"EULERMAKER_DOCKER_HOST": host}).running() as server,
        server.signed_in() as admin,
    ):
        answer = admin.get("/api/v1/volumes")
    assert (answer.status_code, told(answer)) == (500, slug)
    assert answer.json()["error"]["code"] == "DOCKER_ERROR"
    assert "no space left" not in answer.text


@contextmanager
def served(engine: FaultyEngine, folder: Path) -> Iterator[str]:
    """The address of a misbehaving engine, which listens as long as the block lasts."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(listening(engine, folder)):
        yield f"unix://{folder / type(engine).__name__}.sock"


def _entries(module: ModuleType) -> Iterator[tuple[str, Entry]]:
    for name, value in vars(module).items():
        if isinstance(value, Entry) and value in module.ENTRIES:
            yield name, value
