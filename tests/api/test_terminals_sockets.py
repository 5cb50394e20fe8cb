"""Terminals over their sockets: nothing lost by cuts, nobody slowed by others, all of it bounded."""

import asyncio
import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest
from benchmarks.servers import pid_of, resident_mib
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.api.terminals import (
    ACK,
    BINARY,
    HEAD,
    INPUT,
    Screen,
    act,
    container,
    detail,
    marked,
    opened,
    soak,
)
from tests.server import ServerProcess

pytestmark = pytest.mark.usefixtures("any_database")

MIB = 1024 * 1024
WORDS = "汉字与表情😀👩‍👩‍👧é and plain text, cut anywhere"
PROMPT = b"prompt-42>"


@pytest.fixture(scope="module")
def running() -> Iterator[str]:
    """A running container of nobody's."""
    with container() as identifier:
        yield identifier


def known_output(lines: int) -> tuple[str, bytes]:
    """A command, and all that it prints: many lines of one, two, three and four byte characters."""
    script = f"stty -opost; yes '{WORDS}' | head -n {lines}; seq {lines}"
    numbers = "".join(f"{n}\n" for n in range(1, lines + 1))
    return f'sh -c "{script}"', f"{WORDS}\n".encode() * lines + numbers.encode()


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_cuts_at_random_points_lose_nothing(
    shared_server: ServerProcess, admin: httpx.Client, running: str, binary: bool
) -> None:
    """The pieces of a socket that is cut again and again are the stream of an uncut one."""
    cuts = soak(40, 1000)
    command, whole = known_output(cuts * 1200)
    chance = random.Random(20261120)
    # Short pieces, so that the output lasts for all cuts: a frame may bring more than was waited for.
    piece = len(whole) // (8 * cuts)
    terminal = opened(admin, running, command)
    received = bytearray()
    for _ in range(cuts):
        query = f"?since={len(received)}"
        with Screen(shared_server, admin, terminal, query=query, binary=binary) as screen:
            screen.seq = len(received)
            enough = chance.randrange(2 * piece)
            with suppress(ConnectionClosed):
                while len(screen.output) < enough:
                    screen.receive()
            assert screen.seq == len(received) + len(screen.output)
            assert not screen.frames, screen.frames
            screen.cut()
        received += screen.output
    with Screen(shared_server, admin, terminal, query=f"?since={len(received)}", binary=binary) as screen:
        end = screen.to_the_end()
    received += screen.output
    assert hashlib.sha256(received).hexdigest() == hashlib.sha256(whole).hexdigest()
    assert end == {"type": "exit", "reason": "exited", "exit_code": 0, "seq": len(whole)}
    admin.delete(f"/api/v1/terminals/{terminal}")


def test_characters_cut_between_reads_arrive_whole(
    shared_server: ServerProcess, admin: httpx.Client, running: str
) -> None:
    """Each byte of a character printed on its own: JSON frames hold whole characters only."""
    octal = " ".join(f'"\\0{byte:03o}"' for byte in "汉😀é".encode())
    script = f'stty -opost; for byte in {octal}; do printf %b "$byte"; sleep 0.02; done'
    terminal = opened(admin, running, f"sh -c '{script}'")
    with Screen(shared_server, admin, terminal, binary=False) as screen:
        screen.to_the_end()
    assert screen.output.decode() == "汉😀é"
    admin.delete(f"/api/v1/terminals/{terminal}")


def test_what_is_no_utf8_is_replaced_in_json_and_whole_in_binary(
    shared_server: ServerProcess, admin: httpx.Client, running: str
) -> None:
    """A lone first byte at the very end, too."""
    terminal = opened(admin, running, "sh -c \"stty -opost; printf 'a\\\\377b\\\\344'\"")
    with Screen(shared_server, admin, terminal, binary=False) as text:
        text.to_the_end()
    with Screen(shared_server, admin, terminal) as raw:
        raw.to_the_end()
    assert text.output.decode() == "a\ufffdb\ufffd"
    assert bytes(raw.output) == b"a\xffb\xe4"
    admin.delete(f"/api/v1/terminals/{terminal}")


@pytest.mark.parametrize("echo", [False, True], ids=["read", "echoed"])
def test_a_paste_of_ten_megabytes_arrives_whole(
    shared_server: ServerProcess, admin: httpx.Client, running: str, echo: bool
) -> None:
    """Sent as browsers do, acknowledgements queued behind the input: all of it comes through."""
    size = (2 if echo else 10) * MIB
    # Engines hold back a NUL that ends one of their reads until the next: a detach key may begin with it.
    content = os.urandom(size).replace(b"\0", b"\n")
    program = f"head -c {size} | tee /proc/self/fd/2 | sha256sum" if echo else f"head -c {size} | sha256sum"
    terminal = opened(admin, running, f'sh -c "stty raw -echo; printf ready; {program}"')
    received = asyncio.run(_paste(shared_server, admin, terminal, content))
    assert received.startswith(b"ready")
    assert hashlib.sha256(content).hexdigest().encode() in received
    if echo:
        assert content in received
    admin.delete(f"/api/v1/terminals/{terminal}")


async def _paste(server: ServerProcess, client: httpx.Client, terminal: str, content: bytes) -> bytes:
    received = bytearray()
    ready, acknowledging = asyncio.Event(), asyncio.Event()
    seq = 0

    async def send(socket: ClientConnection) -> None:
        await ready.wait()
        for at in range(0, len(content), 64 * 1024):
            await socket.send(bytes([INPUT]) + content[at : at + 64 * 1024])

    async def acknowledge(socket: ClientConnection) -> None:
        while True:
            await acknowledging.wait()
            acknowledging.clear()
            await socket.send(HEAD.pack(ACK, seq))

    async with (
        connect_async(
            f"ws://127.0.0.1:{server.port}/ws/terminals/{terminal}",
            additional_headers={"Authorization": client.headers["Authorization"]},
            subprotocols=[BINARY],
            compression=None,
        ) as socket,
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(send(socket)), group.create_task(acknowledge(socket))]
        async for message in socket:
            if isinstance(message, bytes):
                seq = HEAD.unpack_from(message)[1]
                received += message[HEAD.size :]
                acknowledging.set()
                if b"ready" in received[:64]:
                    ready.set()
        for task in tasks:
            task.cancel()
    return bytes(received)


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_control_c_is_not_delayed_by_a_flood(
    shared_server: ServerProcess, admin: httpx.Client, running: str, binary: bool
) -> None:
    """What was under way is all that comes between Ctrl-C and the prompt."""
    terminal = opened(admin, running, "sh", environment={"PS1": "prompt-$((40+2))>"})
    with Screen(shared_server, admin, terminal, binary=binary) as screen:
        screen.until(PROMPT)
        screen.type(b"yes $(seq 500)\n")
        while len(screen.output) < 4 * MIB:
            screen.receive()
        screen.type(b"\x03")
        before = len(screen.output)
        screen.until(PROMPT)
        assert len(screen.output) - before < 2 * MIB
        screen.type(b"echo still-$((40+2))\n")
        screen.until(b"still-42")
    admin.delete(f"/api/v1/terminals/{terminal}")


def test_viewers_that_do_not_read_slow_nobody(
    shared_server: ServerProcess, admin: httpx.Client, running: str
) -> None:
    """The owner gets everything; a lagging viewer is told what it missed and goes on from there."""
    command, whole = known_output(120_000)
    terminal = opened(admin, running, command.replace("stty -opost", "stty -opost -echo; read go"))
    with ExitStack() as stack:
        owner = stack.enter_context(Screen(shared_server, admin, terminal))
        idle = [
            stack.enter_context(Screen(shared_server, admin, terminal, query="?mode=view", acknowledge=False))
            for _ in range(3)
        ]
        memory = resident_mib(pid_of(shared_server))
        owner.type(b"go\n")
        owner.to_the_end()
        assert bytes(owner.output).endswith(whole)
        assert resident_mib(pid_of(shared_server)) - memory < 64
        lagging = idle[0]
        end = lagging.to_the_end()
        gaps = [frame for frame in lagging.frames if frame["type"] == "gap"]
        assert gaps
        missed = sum(gap["to"] - gap["from"] for gap in gaps)
        assert missed + len(lagging.output) == end["seq"]
        tail = end["seq"] - gaps[-1]["to"]
        assert whole.endswith(bytes(lagging.output[-tail:]))
        for screen in idle:
            screen.cut()
    admin.delete(f"/api/v1/terminals/{terminal}")


def test_an_owner_that_does_not_acknowledge_pauses_the_command(
    shared_server: ServerProcess, admin: httpx.Client, running: str
) -> None:
    """Reading rests at the bound, goes on with the acknowledgement, and a resumption finds everything."""
    terminal = opened(admin, running, "yes")
    with Screen(shared_server, admin, terminal, acknowledge=False) as screen:
        rest = _resting(lambda: int(detail(admin, terminal)["seq"]))
        assert rest < 512 * 1024
        while screen.seq < 128 * 1024:
            screen.receive()
        screen.acknowledge(screen.seq)
        _wait_for(lambda: int(detail(admin, terminal)["seq"]) > rest)
        screen.cut()
    _wait_for(lambda: detail(admin, terminal)["viewers"] == 0)
    kept = _resting(lambda: int(detail(admin, terminal)["seq"]))
    assert kept < MIB
    with Screen(shared_server, admin, terminal, query="?since=1", acknowledge=False) as resumed:
        resumed.receive()
    assert not resumed.frames
    assert bytes(resumed.output[:5]) == b"\r\ny\r\n"
    admin.delete(f"/api/v1/terminals/{terminal}")


def test_several_look_and_type(shared_server: ServerProcess, admin: httpx.Client, running: str) -> None:
    """All see the same; those in view mode are refused what they type; sizes are told to all."""
    terminal = opened(admin, running)
    with (
        Screen(shared_server, admin, terminal) as first,
        Screen(shared_server, admin, terminal, binary=False) as second,
        Screen(shared_server, admin, terminal, query="?mode=view", binary=False) as looker,
    ):
        second.type(b"echo from-$((1+1))nd\n")
        first.until(b"from-2nd")
        looker.until(b"from-2nd")
        looker.type(b"exit\n")
        refusal = looker.until_frame("error")["error"]
        assert (refusal["code"], bool(refusal["message"])) == ("FORBIDDEN", True)
        looker.say({"type": "resize", "data": {"cols": 10, "rows": 10}})
        assert looker.until_frame("error")["error"]["code"] == "FORBIDDEN"
        first.say({"type": "resize", "data": {"cols": 99, "rows": 33}})
        assert looker.until_frame("resize")["data"] == {"cols": 99, "rows": 33}
        looker.say({"type": "ping"})
        assert looker.until_frame("pong")["seq"] > 0
        first.type(b"exit 3\n")
        ends = [screen.to_the_end() for screen in (first, second, looker)]
        assert [(end["reason"], end["exit_code"]) for end in ends] == [("exited", 3)] * 3
    admin.delete(f"/api/v1/terminals/{terminal}")


@pytest.mark.parametrize(
    "frame",
    [
        "no json",
        "[]",
        "{}",
        '{"type":"dance"}',
        '{"type":"input"}',
        '{"type":"input","data":7}',
        '{"type":"resize","data":{"cols":0,"rows":24}}',
        '{"type":"ack","seq":-1}',
        b"",
        b"\x01\x00",
        b"\x03short",
    ],
)
def test_a_frame_that_is_none_is_refused_and_nothing_else(
    shared_server: ServerProcess, admin: httpx.Client, talker: Screen, frame: str | bytes
) -> None:
    """An error frame with the field's name; the terminal goes on."""
    talker.socket.send(frame)
    error = talker.until_frame("error")["error"]
    assert error["code"] == "INVALID_REQUEST"
    assert error["details"]["field_errors"]
    talker.type(b"echo on-$((40+2))\n")
    talker.until(b"on-42")


@pytest.fixture(scope="module")
def talker(shared_server: ServerProcess, running: str) -> Iterator[Screen]:
    """A socket at a shell."""
    with shared_server.signed_in() as client:
        terminal = opened(client, running)
        with Screen(shared_server, client, terminal) as screen:
            yield screen
        client.delete(f"/api/v1/terminals/{terminal}")


def test_output_without_a_tty(shared_server: ServerProcess, admin: httpx.Client, running: str) -> None:
    """Standard output and error, without the engine's framing; input goes through."""
    command = "sh -c 'read word; echo out-$word; echo err-$word >&2; head -c 300000 /dev/zero'"
    terminal = opened(admin, running, command, tty=False)
    with Screen(shared_server, admin, terminal) as screen:
        screen.type(b"go\n")
        screen.to_the_end()
    text = bytes(screen.output)
    # The two streams come in any order, one between the other's bytes.
    assert sorted(text.replace(b"\0", b"").splitlines()) == [b"err-go", b"out-go"]
    assert text.count(b"\0") == 300_000
    admin.delete(f"/api/v1/terminals/{terminal}")
    closed = opened(admin, running, "sleep 30", stdin=False)
    with Screen(shared_server, admin, closed) as screen:
        screen.type(b"x")
        assert screen.until_frame("error")["error"]["code"] == "RESOURCE_CONFLICT"
    admin.delete(f"/api/v1/terminals/{closed}")


def test_sockets_that_cannot_be_opened(
    shared_server: ServerProcess, admin: httpx.Client, people: dict[str, httpx.Client], running: str
) -> None:
    """The same refusals as requests get."""
    terminal = opened(admin, running)
    cases = [
        (admin, "terminal_session_0123456789ab", "", 404),
        (people["stranger"], terminal, "", 404),
        (people["readonly"], terminal, "", 403),
        (admin, terminal, "?since=999999999", 400),
        (admin, terminal, "?since=-1", 400),
        (admin, terminal, "?mode=dance", 400),
    ]
    for client, identifier, query, status in cases:
        with pytest.raises(InvalidStatus) as refused:
            Screen(shared_server, client, identifier, query=query)
        assert refused.value.response.status_code == status
    admin.delete(f"/api/v1/terminals/{terminal}")


def test_the_container_takes_its_terminals_along(shared_server: ServerProcess, admin: httpx.Client) -> None:
    """Stopping the container ends the terminal, and its viewers are told."""
    with container() as identifier:
        terminal = opened(admin, identifier)
        with Screen(shared_server, admin, terminal) as screen:
            screen.until(b"# ")
            act(identifier, "stop?t=0")
            assert screen.to_the_end()["reason"] == "exited"


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Idle after two seconds, alone after one, ended after four; two terminals, two viewers."""
    environment = {
        "EULERMAKER_TERMINALS__IDLE_SECONDS": "2",
        "EULERMAKER_TERMINALS__RESUME_SECONDS": "1",
        "EULERMAKER_TERMINALS__TOTAL_SECONDS": "4",
        "EULERMAKER_TERMINALS__MAX_PER_USER": "2",
        "EULERMAKER_TERMINALS__MAX_VIEWERS": "2",
        "EULERMAKER_TERMINALS__MAX_RECORDING_BYTES": "65536",
    }
    with ServerProcess(tmp_path_factory.mktemp("hasty") / "data", environment).running() as process:
        yield process


@pytest.fixture
def hurried(hasty: ServerProcess) -> Iterator[httpx.Client]:
    """Signed in there."""
    with hasty.signed_in() as client:
        yield client


def test_silence_ends_a_terminal(hasty: ServerProcess, hurried: httpx.Client, running: str) -> None:
    """A socket that is open but says nothing; its processes end as well."""
    terminal = opened(hurried, running, "sleep 1000")
    with Screen(hasty, hurried, terminal) as screen:
        assert screen.to_the_end()["reason"] == "idle"
    _wait_for(lambda: not marked(terminal))


def test_nobody_coming_back_ends_a_terminal(
    hasty: ServerProcess, hurried: httpx.Client, running: str
) -> None:
    """Although it prints without end."""
    terminal = opened(hurried, running, "sh -c 'while true; do date; sleep 0.1; done'")
    with Screen(hasty, hurried, terminal) as screen:
        screen.until(b":")
    _wait_for(lambda: not marked(terminal))
    _wait_for(lambda: hurried.get(f"/api/v1/terminals/{terminal}").status_code == 404)


def test_nothing_lasts_for_ever_and_recordings_are_bounded(
    hasty: ServerProcess, hurried: httpx.Client, running: str
) -> None:
    """A busy terminal ends at the total limit; what was recorded ends at its own."""
    terminal = opened(hurried, running, "sh -c 'while true; do seq 1000; sleep 0.1; done'")
    with Screen(hasty, hurried, terminal) as screen:
        assert screen.to_the_end()["reason"] == "expired"
    recording = hurried.get(f"/api/v1/terminals/{terminal}/recording").content
    assert len(recording) < 66_000
    assert recording.splitlines()[-1].endswith(b'"m","recording is full"]')


def test_so_many_and_no_more(hasty: ServerProcess, hurried: httpx.Client, running: str) -> None:
    """Terminals of one user, sockets of one terminal."""
    first, second = opened(hurried, running), opened(hurried, running)
    answer = hurried.post("/api/v1/terminals", json={"container_id": running})
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (409, "too-many-terminals")
    with Screen(hasty, hurried, first), Screen(hasty, hurried, first):
        with pytest.raises(InvalidStatus) as refused:
            Screen(hasty, hurried, first)
        assert refused.value.response.status_code == 409
    for terminal in (first, second):
        hurried.delete(f"/api/v1/terminals/{terminal}")
    opened(hurried, running)


def test_a_server_that_stops_ends_its_terminals(server: ServerProcess, running: str) -> None:
    """Sockets close with 1001, processes end; the next server knows only the recordings."""
    with server.signed_in() as client:
        terminal = opened(client, running, "sh -c 'echo printed; sleep 1000'")
        with Screen(server, client, terminal) as screen:
            screen.until(b"printed")
            assert server.stop() == 0
            with pytest.raises(ConnectionClosed):
                screen.receive()
            assert screen.socket.close_code == 1001
    assert marked(terminal) == []
    server.start()
    with server.signed_in() as client:
        assert client.get(f"/api/v1/terminals/{terminal}").status_code == 404
        assert "printed" in client.get(f"/api/v1/terminals/{terminal}/recording").text
        with pytest.raises(InvalidStatus) as refused:
            Screen(server, client, terminal, query="?since=3")
        assert refused.value.response.status_code == 404


def test_a_recording_can_be_had_while_it_grows(
    shared_server: ServerProcess, admin: httpx.Client, running: str
) -> None:
    """Whole lines, as many as were promised."""
    terminal = opened(admin, running, "yes and more of it")
    with Screen(shared_server, admin, terminal) as screen:
        for _ in range(10):
            while len(screen.output) < 100_000:
                screen.receive()
            screen.output.clear()
            recording = admin.get(f"/api/v1/terminals/{terminal}/recording")
            assert len(recording.content) == int(recording.headers["Content-Length"])
            assert recording.content.endswith(b"]\n")
        screen.cut()
    admin.delete(f"/api/v1/terminals/{terminal}")


def _resting(value: Callable[[], int]) -> int:
    """The value, once it has stayed the same for a while."""
    last, since = value(), time.monotonic()
    deadline = since + 30
    while time.monotonic() < since + 1:
        assert time.monotonic() < deadline
        time.sleep(0.1)
        if (now := value()) != last:
            last, since = now, time.monotonic()
    return last


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
