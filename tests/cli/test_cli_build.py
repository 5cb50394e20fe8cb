"""`build`: from the disk to the disk, and what its exit code tells."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.client.server import Server, answers, falls_silent, hangs, refuses

RPM = "hello-2.10-1.x86_64.rpm"
LOGS = "GET /builds/build_1/logs"


@pytest.fixture
def spec() -> Path:
    file = Path("hello.spec")
    file.write_text("Name: hello\nVersion: 2.10\nSource0: https://x/hello-2.10.tar.gz\nSource1: hello.conf\n")
    Path("hello-2.10.tar.gz").write_bytes(b"\x1f\x8b" + bytes(5_000_000))
    return file


@pytest.fixture
def project() -> Path:
    root = Path("project")
    root.mkdir()
    (root / "Dockerfile").write_text("FROM busybox\nCOPY data /\n")
    (root / "data").write_bytes(b"\x00\xff")
    return root


def test_a_spec_becomes_files(invoke: Invoke, server: Server, spec: Path) -> None:
    result = invoke("build", str(spec), "--base-image", "builder:1", "--timeout", "90")
    assert result.exit_code == 0
    build = server.builds["build_1"]
    assert build.request["spec_content"] == spec.read_text()
    assert (build.request["base_image"], build.request["timeout"]) == ("builder:1", 90)
    assert build.request["context_files"] == {}
    assert build.uploads == {"hello-2.10.tar.gz": Path("hello-2.10.tar.gz").read_bytes()}
    assert Path("output", RPM).read_bytes() == server.files[RPM]
    assert result.stdout.splitlines() == [
        "Created build_1 (hello)",
        "Uploading hello-2.10.tar.gz (4.8 MiB)",
        "build_1 waits at position 2 of the queue (slots taken)",
        "Step 1/2 : FROM busybox",
        *" ---> ready \u2028 [bold]".splitlines(),
        "Step 2/2 : RUN make",
        f"Downloading {RPM} (1.0 MiB)",
        "build_1 succeeded",
        f"output/{RPM}  1.0 MiB  hello-2.10-1.x86_64",
    ]
    assert result.stderr == "note: hello.conf is not beside the spec and is not uploaded\n"


def test_a_folder_with_its_options(invoke: Invoke, server: Server, project: Path) -> None:
    options = ["--build-arg", "A=1=2", "--build-arg", "B=", "--label", "l=v", "--target", "t", "--no-cache"]
    assert invoke("build", str(project), *options, "--name", "mine", "--output", "rpms").exit_code == 0
    request = server.builds["build_1"].request
    assert request["dockerfile_content"] == "FROM busybox\nCOPY data /\n"
    told = {"content": "AP8=", "encoding": "base64", "executable": False}
    assert request["context_files"]["data"] == told
    assert request["build_args"] == {"A": "1=2", "B": ""}
    assert (request["labels"], request["target"], request["name"]) == ({"l": "v"}, "t", "mine")
    assert request["cache_enabled"] is False
    assert Path("rpms", RPM).exists()


def test_json_is_one_document_and_nothing_else(invoke: Invoke, server: Server, project: Path) -> None:
    result = invoke("build", str(project), "--json")
    told = json.loads(result.stdout)
    assert result.stdout.count("\n") == 1
    assert told["build"]["status"] == "success"
    assert told["files"][0]["file"] == f"output/{RPM}"
    assert "Step 2/2 : RUN make" in result.stderr


@pytest.mark.parametrize(
    ("ends", "code", "sentence"),
    [
        ("success", 0, "build_1 succeeded"),
        ("failed", 1, "build_1 failed\nreason: make: *** [all] Error 2 [step-failed]"),
        ("cancelled", 3, "build_1 was cancelled"),
        ("timeout", 4, "build_1 ran out of time"),
    ],
)
def test_the_exit_code_tells_the_end(
    invoke: Invoke, server: Server, project: Path, ends: str, code: int, sentence: str
) -> None:
    server.ends = ends
    result = invoke("build", str(project))
    assert result.exit_code == code
    assert sentence in result.stdout
    assert Path("output").exists() == (ends == "success")
    assert invoke("build", str(project), "--json").exit_code == code


def test_no_follow_returns_at_once(invoke: Invoke, server: Server, project: Path) -> None:
    told = json.loads(invoke("build", str(project), "--no-follow", "--json").stdout)
    assert (told["build"]["status"], told["files"]) == ("running", [])
    assert server.requests(LOGS) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere"],
        ["project", "--build-arg", "NOVALUE"],
        ["project", "--label", "=x"],
        ["project", "--base-image", "x"],
        ["hello.spec", "--target", "x"],
        ["project", "--timeout", "0"],
        ["project", "--nonsense"],
        [],
    ],
)
def test_input_that_can_not_be_used(
    invoke: Invoke, server: Server, spec: Path, project: Path, arguments: list[str]
) -> None:
    result = invoke("build", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr
    assert server.received == []


def test_a_build_that_can_not_be_given_its_files_is_removed(
    invoke: Invoke, server: Server, spec: Path
) -> None:
    server.misbehave("PUT /builds/build_1/context/hello-2.10.tar.gz", refuses(400, "invalid-request"))
    result = invoke("build", str(spec))
    assert result.exit_code == 2
    assert server.builds == {}


def test_what_could_not_be_removed_is_told(invoke: Invoke, server: Server, spec: Path) -> None:
    server.misbehave("PUT /builds/build_1/context/hello-2.10.tar.gz", refuses(400, "invalid-request"))
    server.misbehave("DELETE /builds/build_1", refuses(500, "internal"))
    result = invoke("build", str(spec))
    assert result.exit_code == 2
    assert "note: build_1 was left on the server: Internal! [internal]" in result.stderr
    assert "error: Invalid request! [invalid-request] (request req-7)" in result.stderr


def test_a_log_that_can_not_be_had_tells_how_to_go_on(invoke: Invoke, server: Server, project: Path) -> None:
    server.misbehave(LOGS, answers(b"<html>\n"))
    result = invoke("build", str(project))
    assert result.exit_code == 5
    assert "eulermaker builds logs build_1 --follow" in result.stderr
    assert "build_1" in server.builds


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from eulermaker.cli.main import main; main()", *arguments]


def environment(url: str) -> dict[str, str]:
    return {**os.environ, "EULERMAKER_URL": url, "EULERMAKER_TOKEN": "access-0", "PYTHONUNBUFFERED": "1"}


def test_the_first_interrupt_cancels_the_build(url: str, server: Server, project: Path) -> None:
    server.misbehave(LOGS, falls_silent)
    process = subprocess.Popen(
        command("build", str(project)),
        env=environment(url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.running.wait(30)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert server.builds["build_1"].status == "cancelled"
    assert stderr == "Interrupted; cancelling build_1 …\nCancelled build_1\n"


def test_an_interrupt_after_the_end_says_so(url: str, server: Server, project: Path) -> None:
    server.misbehave(LOGS, falls_silent)
    server.misbehave("POST /builds/build_1/cancel", refuses(409, "build-state-conflict"))
    process = subprocess.Popen(
        command("build", str(project)), env=environment(url), stderr=subprocess.PIPE, text=True
    )
    assert server.running.wait(30)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert stderr.endswith("build_1 had ended already\n")


def test_a_second_interrupt_ends_the_waiting(url: str, server: Server, project: Path) -> None:
    server.misbehave(LOGS, falls_silent)
    server.misbehave("POST /builds/build_1/cancel", hangs)
    process = subprocess.Popen(
        command("build", str(project)), env=environment(url), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert server.running.wait(30)
    process.send_signal(signal.SIGINT)
    assert "cancelling" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()


def test_on_a_terminal_the_log_runs_above_the_progress(url: str, server: Server, project: Path) -> None:
    server.log[1]["data"] = "\x1b[31mred\x1b[0m \x1b[2J\x1b]0;title\x07[bold]"
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        command("build", str(project)),
        env={**environment(url), "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
        stdout=follower,
        stderr=follower,
        stdin=follower,
    )
    os.close(follower)
    shown = read_terminal(leader)
    assert process.wait(30) == 0
    assert "Step 2/2 : RUN make" in shown
    assert "\x1b[31mred" in shown
    assert "[bold]" in shown
    assert "\x1b[2J" not in shown
    assert "\x1b]0;title" not in shown
    assert "build_1 succeeded" in shown


def read_terminal(leader: int) -> str:
    """All that was written, until the other end is closed."""
    shown = b""
    while select.select([leader], [], [], 60)[0]:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # how Linux says that nobody holds the other end
            break
        if not chunk:
            break
        shown += chunk
    os.close(leader)
    return shown.decode()
