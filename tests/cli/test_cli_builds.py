"""The commands on single builds, for people and for programs."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.client.server import Server, artifact, refuses

RPM = "hello-2.10-1.x86_64.rpm"


@pytest.fixture(autouse=True)
def _a_build(server: Server) -> None:
    server.stored()


def test_list(invoke: Invoke, server: Server) -> None:
    server.stored("build_2", status="failed").request["name"] = "[red]not markup"
    result = invoke("builds", "list", "--limit", "10", "--offset", "0")
    assert result.exit_code == 0
    assert "build_1" in result.stdout
    assert "[red]not markup" in result.stdout
    assert "2 of 2 builds" in result.stdout


def test_list_as_json(invoke: Invoke, server: Server) -> None:
    server.stored("build_2", status="failed")
    page = json.loads(invoke("builds", "list", "--status", "failed", "--name", "t", "--json").stdout)
    assert [build["id"] for build in page["builds"]] == ["build_2"]
    assert page["total"] == 1
    assert server.received[0].query == {"limit": "20", "offset": "0", "status": "failed", "name": "t"}


def test_show(invoke: Invoke, server: Server) -> None:
    server.builds["build_1"].status = "failed"
    shown = invoke("builds", "show", "build_1").stdout
    assert "make: *** [all] Error 2 [step-failed]" in shown
    assert "2 of 2 done, 0 cached" in shown
    assert json.loads(invoke("builds", "show", "build_1", "--json").stdout)["status"] == "failed"


def test_an_unknown_build(invoke: Invoke) -> None:
    result = invoke("builds", "show", "build_404", "--json")
    assert result.exit_code == 5
    assert result.stdout == ""
    assert result.stderr == "error: Build not found! [build-not-found] (request req-7)\n"


def test_logs(invoke: Invoke) -> None:
    result = invoke("builds", "logs", "build_1", "--tail", "1")
    assert result.stdout == "Step 2/2 : RUN make\n"


def test_logs_as_ndjson(invoke: Invoke) -> None:
    lines = invoke("builds", "logs", "build_1", "--json").stdout.split("\n")[:-1]
    frames = [json.loads(line) for line in lines]
    assert frames[0] == {"type": "log", "data": "Step 1/2 : FROM busybox"}
    assert frames[-1] == {"type": "next", "next_seq": 4}


def test_logs_followed(invoke: Invoke) -> None:
    result = invoke("builds", "logs", "build_1", "--follow", "--since-seq", "2")
    assert result.stdout == "Step 2/2 : RUN make\n"


def test_logs_followed_as_ndjson(invoke: Invoke, server: Server) -> None:
    server.ends = "failed"
    result = invoke("builds", "logs", "build_1", "-f", "--json")
    frames = [json.loads(line) for line in result.stdout.split("\n")[:-1]]
    assert [frame.get("seq") for frame in frames] == [1, 2, 4, 4]
    assert frames[-1] == {"type": "end", "status": "failed", "seq": 4}
    assert result.exit_code == 0


def test_what_a_terminal_can_not_show_is_escaped(invoke: Invoke, server: Server) -> None:
    server.log = [{"seq": 1, "data": "lone \ud800 surrogate"}]
    assert invoke("builds", "logs", "build_1").stdout == "lone \\ud800 surrogate\n"


def test_execute_and_cancel(invoke: Invoke, server: Server) -> None:
    assert invoke("builds", "execute", "build_1").stdout == "build_1 is pending\n"
    assert invoke("builds", "cancel", "build_1").stdout == "build_1 is cancelled\n"
    assert json.loads(invoke("builds", "cancel", "build_1", "--json").stdout)["status"] == "cancelled"
    assert server.builds["build_1"].status == "cancelled"


def test_rm(invoke: Invoke, server: Server) -> None:
    assert invoke("builds", "rm", "build_1", "--clean-image").stdout == "Removed build_1\n"
    assert server.received[0].query == {"clean_image": "true"}
    server.stored()
    assert json.loads(invoke("builds", "rm", "build_1", "--json").stdout) == {
        "id": "build_1",
        "removed": True,
    }


def test_artifacts(invoke: Invoke, server: Server, tmp_path: Path) -> None:
    listed = invoke("builds", "artifacts", "build_1").stdout
    assert RPM in listed
    assert "hello-2.10-1.x86_64" in listed
    assert "1.0 MiB" in listed
    told = json.loads(invoke("builds", "artifacts", "build_1", "--output", "out", "--json").stdout)
    file = Path(told["artifacts"][0]["file"])
    assert file == Path("out", RPM)
    assert file.read_bytes() == server.files[RPM]
    assert told["artifacts"][0]["sha256"] == artifact(RPM, server.files[RPM])["sha256"]


def test_an_artifact_can_not_be_written_elsewhere(invoke: Invoke, server: Server, tmp_path: Path) -> None:
    server.files = {"../../evil": b"x"}
    result = invoke("builds", "artifacts", "build_1", "--output", "out")
    assert result.exit_code == 5
    assert "no safe file name" in result.stderr
    assert not list(tmp_path.rglob("evil"))


def test_create_uploads_and_leaves_the_build_pending(invoke: Invoke, server: Server) -> None:
    Path("p").mkdir()
    Path("p/Dockerfile").write_text("FROM scratch\n")
    made = json.loads(invoke("builds", "create", "p", "--name", "thing", "--json").stdout)
    assert (made["id"], made["status"], made["name"]) == ("build_2", "pending", "thing")
    assert invoke("builds", "create", "p", "--execute").exit_code == 0
    assert server.builds["build_3"].status == "running"


def test_errors_name_the_fields(invoke: Invoke, server: Server) -> None:
    Path("p").mkdir()
    Path("p/Dockerfile").write_text("FRM scratch\n")
    fields = {"field_errors": {"dockerfile_content": "line 1: unknown instruction FRM"}}
    server.misbehave("POST /builds", refuses(400, "invalid-request", details=fields))
    result = invoke("builds", "create", "p")
    assert result.exit_code == 2
    assert result.stderr == (
        "error: Invalid request!: dockerfile_content: line 1: unknown instruction FRM"
        " [invalid-request] (request req-7)\n"
    )
