"""Sign-ins, renewals and token checks; what a storm of sign-ins costs others; and what time tells."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx
from tests.api.people import add_user
from tests.server import NO_TRUST, PASSWORD, ServerProcess

from benchmarks.figures import AtLeast, AtMost, Baseline, Figure
from eulermaker.features.accounts.passwords import Passwords
from eulermaker.features.accounts.service import Accounts
from eulermaker.kernel.call import Role
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.database import Database
from eulermaker.kernel.settings import load_settings

LOGIN = "/api/v1/auth/login"
STORM = 4
KINDS = ("unknown", "wrong", "locked", "disabled")


def measure(work: Path, *, quick: bool = False) -> list[Figure]:
    """The figures of accounts on SQLite."""
    seconds, samples = (2.0, 40) if quick else (8.0, 500)
    with ServerProcess(work / "data").running() as server, server.signed_in() as client:
        alone = _reads(client, seconds)
        with _storm(server) as signed_in:
            began = time.perf_counter()
            stormed = _reads(client, seconds)
            rate = signed_in() / (time.perf_counter() - began)
        reads = Baseline(_p99(alone), "alone")
        return [
            Figure("password sign-ins", rate, "/s", AtLeast(15), _hashing()),
            Figure("GET /builds during them, p99", _p99(stormed), "ms", AtMost(50), reads),
            Figure("renewals of tokens", _refreshes(server, seconds), "/s", AtLeast(300)),
            *_checks(server, samples * 20),
            *_told_by_time(server, samples),
        ]


def _hashing() -> Baseline:
    """How many verifications of a password one core does."""
    passwords, hashed = Passwords(), ""

    async def run() -> float:
        nonlocal hashed
        hashed = await passwords.hash(PASSWORD)
        began = time.perf_counter()
        for _ in range(10):
            await passwords.matches(hashed, PASSWORD)
        return 10 / (time.perf_counter() - began)

    return Baseline(anyio.run(run), "argon2id alone, one at a time")


def _reads(client: httpx.Client, seconds: float) -> list[float]:
    taken = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        client.get("/api/v1/builds", params={"limit": 20}).raise_for_status()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


@contextmanager
def _storm(server: ServerProcess) -> Iterator[Callable[[], int]]:
    """Sign-ins without a pause from several clients; tells how many there were."""
    done, counts = threading.Event(), [0] * STORM

    def sign_in(number: int) -> None:
        with httpx.Client(base_url=server.url, timeout=60, verify=NO_TRUST) as client:
            while not done.is_set():
                body = {"username": "admin", "password": PASSWORD}
                client.post(LOGIN, json=body).raise_for_status()
                counts[number] += 1

    with ThreadPoolExecutor(STORM) as pool:
        running = [pool.submit(sign_in, number) for number in range(STORM)]
        try:
            yield lambda: sum(counts)
        finally:
            done.set()
            for one in running:
                one.result()


def _refreshes(server: ServerProcess, seconds: float) -> float:
    count = [0] * STORM

    def renew(number: int) -> None:
        with httpx.Client(base_url=server.url, timeout=60, verify=NO_TRUST) as client:
            body = {"username": "admin", "password": PASSWORD}
            token = client.post(LOGIN, json=body).json()["data"]["refresh_token"]
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                answer = client.post("/api/v1/auth/refresh", json={"refresh_token": token})
                token = answer.json()["data"]["refresh_token"]
                count[number] += 1

    with ThreadPoolExecutor(STORM) as pool:
        list(pool.map(renew, range(STORM)))
    return sum(count) / seconds


def _checks(server: ServerProcess, samples: int) -> list[Figure]:
    """What the check of a token takes inside the server: known by heart but for the first."""

    async def run() -> list[float]:
        database = Database(f"sqlite+aiosqlite:///{server.data_dir / 'eulermaker.db'}")
        secret = (server.data_dir / "secret-key").read_text().strip()
        settings = load_settings(data_dir=server.data_dir)
        accounts = Accounts(database, settings, secret=secret, clock=utc_now)
        with server.signed_in() as client:
            token = client.headers["Authorization"].removeprefix("Bearer ")
        taken = []
        for _ in range(samples):
            began = time.perf_counter()
            await accounts.authenticate(token)
            taken.append((time.perf_counter() - began) * 1000)
        await database.close()
        return taken

    return [Figure("check of a token, p99", _p99(anyio.run(run)), "ms", AtMost(0.2))]


def _told_by_time(server: ServerProcess, samples: int) -> list[Figure]:
    """Interleaved failures to sign in: the medians are one, within 5 % or 2 ms."""
    for name in ("wrong", "locked", "disabled"):
        add_user(server, name, Role.USER, email=f"{name}@example.org")
    with (
        server.signed_in() as admin,
        httpx.Client(base_url=server.url, timeout=60, verify=NO_TRUST) as client,
    ):
        users = {u["username"]: u["id"] for u in admin.get("/v1/users").json()["data"]["users"]}
        admin.post(f"/v1/users/{users['disabled']}/suspend").raise_for_status()
        for _ in range(5):
            client.post(LOGIN, json={"username": "locked", "password": "wrong"})
        taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for number in range(samples):
            for kind in KINDS:
                name = f"nobody-{number}" if kind == "unknown" else kind
                password = PASSWORD if kind == "disabled" else "wrong"
                began = time.perf_counter()
                client.post(LOGIN, json={"username": name, "password": password})
                taken[kind].append((time.perf_counter() - began) * 1000)
            # Its misses are forgotten before they lock it, and counted anew.
            if number % 4 == 3:
                client.post(LOGIN, json={"username": "wrong", "password": PASSWORD})
    medians = {kind: statistics.median(times) for kind, times in taken.items()}
    spread = max(medians.values()) - min(medians.values())
    allowed = max(2.0, 0.05 * min(medians.values()))
    told = ", ".join(f"{kind} {median:.1f}" for kind, median in medians.items())
    return [
        Figure(
            "sign-ins that fail, spread of medians",
            spread,
            "ms",
            AtMost(allowed),
            Baseline(medians["wrong"], told),
        )
    ]


def _p99(taken: list[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.99)]
