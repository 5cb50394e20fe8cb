"""The table of limits on real servers: who is counted with whom, what is told, and what sockets hold."""

import itertools
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from eulermaker.assembly import assemble
from eulermaker.gate import AREAS, ELSEWHERE, Class, area_of
from eulermaker.kernel.call import Role
from eulermaker.kernel.settings import Settings
from tests.api.answers import data_of, refusal_of
from tests.api.people import add_user
from tests.api.servers import tailored
from tests.redis_server import RedisProcess, shared_redis
from tests.server import PASSWORD, ServerProcess

LOGIN = "/api/v1/auth/login"
LIMITED = {"EULERMAKER_RATE_LIMIT__ENABLED": "true"}
#: So that every test can come from an address of its own.
PROXIED = {**LIMITED, "EULERMAKER_TRUSTED_PROXIES": "127.0.0.1"}
DRAFT = {"name": "limits", "dockerfile_content": "FROM scratch\nCOPY a /\n"}
WAIT = 30.0

addresses = (f"198.51.100.{number}" for number in itertools.count(1))
names = (f"person{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with the limits of the contract, behind a proxy."""
    with tailored("sqlite", tmp_path_factory.mktemp("limited") / "data", PROXIED) as server:
        yield server


@contextmanager
def coming_from(server: ServerProcess, address: str) -> Iterator[httpx.Client]:
    """A client at that address; answers come in English."""
    headers = {"Accept-Language": "en", "X-Forwarded-For": address}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        yield client


def sign_in(client: httpx.Client, username: str = "admin") -> None:
    """Send the user's token from now on."""
    answer = client.post(LOGIN, json={"username": username, "password": PASSWORD})
    client.headers["Authorization"] = f"Bearer {data_of(answer)['token']}"


@pytest.fixture
def person(limited: ServerProcess) -> Iterator[httpx.Client]:
    """A client of a user of its own, at an address of its own."""
    name = next(names)
    add_user(limited, name, Role.USER, email=f"{name}@example.org")
    with coming_from(limited, next(addresses)) as client:
        sign_in(client, name)
        yield client


@pytest.fixture
def stranger(limited: ServerProcess) -> Iterator[httpx.Client]:
    """A client that has not signed in, at an address of its own."""
    with coming_from(limited, next(addresses)) as client:
        yield client


def told(answer: httpx.Response) -> tuple[int, int]:
    """Limit and remaining as the headers tell them; the reset is a moment in the next minute."""
    reset = datetime.fromisoformat(answer.headers["X-RateLimit-Reset"])
    assert answer.headers["X-RateLimit-Reset"].endswith("Z")
    assert 0 < reset.timestamp() - time.time() <= 61
    return int(answer.headers["X-RateLimit-Limit"]), int(answer.headers["X-RateLimit-Remaining"])


def limit_of(answer: httpx.Response, slug: str = "rate-limited") -> int:
    """The limit that a 429 tells, its body and headers checked against each other."""
    error = refusal_of(answer, 429, "RATE_LIMIT_EXCEEDED", slug)
    limit, remaining = told(answer)
    assert remaining == 0
    assert error["details"] == {
        "limit": limit,
        "remaining": 0,
        "reset_time": answer.headers["X-RateLimit-Reset"],
    }
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    return limit


def test_every_operation_is_in_the_table(tmp_path: Path) -> None:
    paths = assemble(Settings(data_dir=tmp_path)).api.openapi()["paths"]
    assert [path for path in paths if area_of(path) is ELSEWHERE] == []
    # And nothing in it can never be met.
    for number, area in enumerate(AREAS):
        assert area_of(area.prefix) is area
        assert not any(area.prefix.startswith(f"{earlier.prefix}/") for earlier in AREAS[:number])


@pytest.mark.parametrize(
    ("path", "reads", "writes"),
    [
        ("/api/v1/auth/login", Class.AUTH, Class.AUTH),
        ("/api/v1/auth/refresh", Class.AUTH, Class.AUTH),
        ("/api/v1/containers", Class.READS, Class.CONTAINERS),
        ("/api/v1/containers/container_1/start", Class.READS, Class.CONTAINERS),
        ("/api/v1/terminals/terminal_session_1", Class.READS, Class.CONTAINERS),
        ("/api/v1/probes", Class.READS, Class.CONTAINERS),
        ("/api/v1/images/pull", Class.READS, Class.CONTAINERS),
        ("/api/v1/builds/build_1/execute", Class.READS, Class.BUILDS),
        ("/api/v1/buildsomething", Class.READS, Class.CONTAINERS),
        ("/nowhere", Class.READS, Class.CONTAINERS),
    ],
)
def test_the_table_says_what_the_reference_says(path: str, reads: Class, writes: Class) -> None:
    assert (area_of(path).reads, area_of(path).writes) == (reads, writes)


def test_the_eleventh_sign_in_of_an_address_is_refused_even_with_the_right_password(
    stranger: httpx.Client, limited: ServerProcess
) -> None:
    for left in range(9, -1, -1):
        # Another name each time: five misses would lock one.
        answer = stranger.post(LOGIN, json={"username": f"nobody-{left}", "password": "wrong"})
        assert (answer.status_code, told(answer)) == (401, (10, left))
    right = {"username": "admin", "password": PASSWORD}
    refused = stranger.post(LOGIN, json=right)
    assert limit_of(refused, "sign-in-rate-limited") == 10
    assert refused.json()["detail"] == "登录尝试过多"
    # Before anything is read, let alone hashed.
    assert stranger.post(LOGIN, content=b"{").status_code == 429
    # Reading is counted apart, and so is everybody else.
    assert stranger.get("/api/v1/errors").status_code == 200
    with coming_from(limited, next(addresses)) as other:
        assert other.post(LOGIN, json=right).status_code == 200


def test_a_signed_in_user_is_counted_wherever_he_comes_from(
    person: httpx.Client, stranger: httpx.Client
) -> None:
    for left in range(199, -1, -1):
        person.headers["X-Forwarded-For"] = next(addresses)
        answer = person.get("/api/v1/builds")
        assert (answer.status_code, told(answer)) == (200, (200, left))
    assert limit_of(person.get("/api/v1/builds")) == 200
    assert limit_of(person.get("/nowhere")) == 200
    assert person.post("/api/v1/builds", json=DRAFT).status_code == 201
    # A token that is none does not make a user: the address is counted.
    stranger.headers["Authorization"] = "Bearer nonsense"
    assert told(stranger.get("/api/v1/builds")) == (200, 199)
    stranger.headers["Authorization"] = "Bearer other nonsense"
    assert told(stranger.get("/api/v1/builds")) == (200, 198)


def test_what_a_client_adds_to_the_proxys_header_counts_for_nothing(stranger: httpx.Client) -> None:
    address = stranger.headers["X-Forwarded-For"]
    assert told(stranger.get("/api/v1/errors")) == (200, 199)
    stranger.headers["X-Forwarded-For"] = f"203.0.113.9, {address}"
    assert told(stranger.get("/api/v1/errors")) == (200, 198)


def test_refused_writes_to_builds_count_and_twenty_are_the_limit(person: httpx.Client) -> None:
    for left in range(19, -1, -1):
        answer = person.post("/api/v1/builds", json={})
        assert (answer.status_code, told(answer)) == (400, (20, left))
    assert limit_of(person.post("/api/v1/builds", json=DRAFT)) == 20
    assert limit_of(person.delete("/api/v1/builds/build_000000000000")) == 20
    assert told(person.get("/api/v1/builds")) == (200, 199)


def test_containers_terminals_images_and_the_rest_share_a_hundred_writes(person: httpx.Client) -> None:
    areas = itertools.cycle(("containers", "terminals", "probes", "images", "volumes", "networks"))
    for left in range(99, -1, -1):
        answer = person.delete(f"/api/v1/{next(areas)}/none")
        assert told(answer) == (100, left)
        assert answer.status_code != 429
    assert limit_of(person.post("/api/v1/auth/ws-ticket")) == 100


def test_each_dialect_tells_it_its_way(person: httpx.Client) -> None:
    for _ in range(21):
        person.post("/api/v1/builds", json={})

    def refused(**headers: str) -> httpx.Response:
        answer = person.post("/api/v1/builds", json={}, headers=headers)
        assert answer.status_code == 429
        assert answer.headers["Retry-After"]
        return answer

    assert refused(**{"X-Error-Dialect": "002"}).json() == {"detail": "请求过于频繁，请稍后重试"}
    told_003 = refused(**{"X-Error-Dialect": "003"}).json()
    assert told_003["error"] == "rate_limited"
    assert set(told_003) == {"error", "message", "limit", "remaining", "resetTime"}
    error = refused(**{"X-Error-Dialect": "004"}).json()["error"]
    assert error["code"] == "E007"
    assert set(error["details"]) == {"limit", "remaining", "reset"}
    problem = refused(Accept="application/problem+json").json()
    assert (problem["code"], problem["retryable"]) == ("rate-limited", True)
    assert 1 <= problem["retry_after"] <= 60
    chinese = refused(**{"Accept-Language": "zh"}).json()["error"]["message"]
    assert chinese.startswith("请求频率超过限制")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/v1/system/health"])
def test_who_asks_for_the_health_is_not_counted(stranger: httpx.Client, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("x-ratelimit")]


# Sockets


class Opened:
    """Opens sockets on the log of a draft, which never ends by itself, for one client."""

    def __init__(self, stack: ExitStack, client: httpx.Client, build: str) -> None:
        self._stack = stack
        self._client = client
        self._build = build

    def one(self, build: str | None = None) -> ClientConnection:
        """A socket; raises InvalidStatus when it is refused."""
        headers = {"Authorization": self._client.headers["Authorization"], "Accept-Language": "en"}
        url = str(self._client.base_url).replace("http://", "ws://")
        return self._stack.enter_context(
            connect(
                f"{url}/ws/builds/{build or self._build}/logs",
                additional_headers=headers,
                open_timeout=60,
                proxy=None,
            )
        )

    def refusal(self, build: str | None = None) -> httpx.Response:
        """The answer to a handshake that is refused."""
        with pytest.raises(InvalidStatus) as refused:
            self.one(build)
        told = refused.value.response
        assert told.body is not None
        return httpx.Response(
            told.status_code, headers=list(told.headers.raw_items()), content=bytes(told.body)
        )

    def when_free(self) -> ClientConnection:
        """A socket, as soon as there is a place for it."""
        deadline = time.monotonic() + WAIT
        while True:
            try:
                return self.one()
            except InvalidStatus:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def draft(client: httpx.Client) -> str:
    return str(data_of(client.post("/api/v1/builds", json=DRAFT), 201, message="Build created")["id"])


def cut(connection: ClientConnection) -> None:
    """End a connection as a crash does: RST, no closing handshake."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.socket.close()


def test_handshakes_are_reads_and_are_counted_as_such(person: httpx.Client) -> None:
    with ExitStack() as stack:
        sockets = Opened(stack, person, draft(person))
        opened = sockets.one().response
        assert opened is not None
        limit, remaining = (int(opened.headers[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining"))
        assert limit == 200
        while (refused := sockets.refusal("build_000000000000")).status_code == 404:
            assert told(refused)[0] == 200
            remaining -= 1
        assert remaining >= 0
        assert limit_of(refused) == 200
        assert limit_of(person.get("/api/v1/builds")) == 200


def test_fifty_sockets_of_one_user_and_each_ending_gives_a_place_back(tmp_path: Path) -> None:
    # Who polls for a free place asks more often than people do.
    settings = {**PROXIED, "EULERMAKER_RATE_LIMIT__READS": "100000"}
    with (
        tailored("sqlite", tmp_path / "data", settings) as limited,
        coming_from(limited, next(addresses)) as person,
        ExitStack() as stack,
    ):
        sign_in(person)
        sockets = Opened(stack, person, draft(person))
        held = [sockets.one() for _ in range(50)]
        refused = sockets.refusal()
        error = refusal_of(refused, 429, "RATE_LIMIT_EXCEEDED", "too-many-sockets")
        assert error["details"] == {"limit": 50, "remaining": 0, "reset_time": None}
        assert int(refused.headers["Retry-After"]) >= 1

        held[0].close()
        held[0] = sockets.when_free()
        for connection in held[:25]:
            cut(connection)
        held[:25] = [sockets.when_free() for _ in range(25)]
        assert sockets.refusal().status_code == 429
        # A handshake that is refused for another reason takes no place for good.
        held[0].close()
        held[0] = sockets.when_free()
        held[0].close()
        for _ in range(3):
            deadline = time.monotonic() + WAIT
            while sockets.refusal("build_000000000000").status_code != 404:
                assert time.monotonic() < deadline
        sockets.when_free()

        # Somebody else has fifty of his own.
        add_user(limited, name := next(names), Role.USER, email=f"{name}@example.org")
        with coming_from(limited, next(addresses)) as other:
            sign_in(other, name)
            Opened(stack, other, draft(other)).one()


# Several processes


def test_processes_count_together_through_redis_and_the_killed_ones_sockets_become_free(
    tmp_path: Path,
) -> None:
    settings = {
        **LIMITED,
        "EULERMAKER_REDIS_URL": shared_redis(),
        "EULERMAKER_RATE_LIMIT__WEBSOCKETS": "2",
        "EULERMAKER_RATE_LIMIT__READS": "100000",
    }
    with (
        tailored("sqlite", tmp_path / "one", settings) as one,
        tailored("sqlite", tmp_path / "two", settings) as two,
        coming_from(one, "203.0.113.1") as first,
        coming_from(two, "203.0.113.2") as second,
        ExitStack() as stack,
    ):
        sign_in(first)
        sockets = Opened(stack, first, draft(first))
        for _ in range(2):
            sockets.one()
        assert sockets.refusal().status_code == 429
        one.kill()
        one.start()
        # Nobody gave the places back: they are leases, and end.
        assert sockets.refusal().status_code == 429
        sockets.when_free()

        # No proxy is trusted here: both come from 127.0.0.1, whatever they say.
        wrong = {"username": "admin", "password": "wrong"}
        answers = [client.post(LOGIN, json=wrong) for client in (first, second) * 5]
        left = [int(answer.headers["X-RateLimit-Remaining"]) for answer in answers]
        # The first sign-in above may have left the window by now.
        assert left == sorted(left, reverse=True) or left[0] < 9
        assert limit_of(first.post(LOGIN, json=wrong), "sign-in-rate-limited") == 10
        assert limit_of(second.post(LOGIN, json=wrong), "sign-in-rate-limited") == 10


def test_without_redis_the_server_counts_alone_and_its_health_says_so(tmp_path: Path) -> None:
    with RedisProcess(tmp_path).running() as redis:
        settings = {**PROXIED, "EULERMAKER_REDIS_URL": redis.url}
        with (
            tailored("sqlite", tmp_path / "data", settings) as server,
            coming_from(server, next(addresses)) as client,
        ):

            def health() -> str:
                answer = client.get("/api/v1/system/health")
                assert answer.status_code == 200
                return str(answer.json()["data"]["checks"]["redis"]["status"])

            def wait_for(status: str) -> None:
                deadline = time.monotonic() + WAIT
                while health() != status:
                    assert time.monotonic() < deadline
                    time.sleep(0.05)

            wait_for("healthy")
            for _ in range(5):
                client.get("/api/v1/errors")
            before = server.log().count("redis.away")
            redis.kill()
            for left in range(199, 194, -1):
                assert told(client.get("/api/v1/errors")) == (200, left)
            wait_for("degraded")
            assert client.get("/api/v1/system/health").json()["data"]["status"] == "degraded"
            assert server.log().count("redis.away") == before + 1
            redis.start()
            wait_for("healthy")
            assert told(client.get("/api/v1/errors")) == (200, 199)
