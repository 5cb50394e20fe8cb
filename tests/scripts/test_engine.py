import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripts.conftest import Tree

NOWHERE = {"DOCKER_HOST": "", "EULERMAKER_ENGINE_SOCKET": "/nonexistent/docker.sock"}


@pytest.fixture
def engine_tree(tree: Tree) -> Iterator[Tree]:
    yield tree
    assert tree.run("scripts/engine.sh", "stop").returncode == 0


def started(tree: Tree) -> str:
    run = tree.run("scripts/engine.sh", environment=NOWHERE)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()[-1]


def answers(tree: Tree, host: str) -> bool:
    ping = tree.run("python3", "scripts/engine_api.py", "ping", environment={"DOCKER_HOST": host})
    return ping.returncode == 0


def engine_pid(tree: Tree) -> int:
    return int((tree.root / ".run" / "docker.pid").read_text())


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("dockerd"), reason="starts dockerd, as root")
def test_an_engine_is_started_kept_brought_back_and_stopped(engine_tree: Tree) -> None:
    host = started(engine_tree)
    assert (
        engine_tree.run(
            "python3", "scripts/engine_api.py", "ping", environment={"DOCKER_HOST": host}
        ).returncode
        == 0
    )
    pid = engine_pid(engine_tree)

    assert started(engine_tree) == host
    assert engine_pid(engine_tree) == pid

    # What kill -9 leaves: a pid file, a socket, a containerd.
    os.kill(pid, signal.SIGKILL)
    assert started(engine_tree) == host
    assert engine_pid(engine_tree) != pid

    assert engine_tree.run("scripts/engine.sh", "owned").returncode == 0
    assert engine_tree.run("scripts/engine.sh", "stop").returncode == 0
    assert engine_tree.run("scripts/engine.sh", "owned").returncode == 1
    assert (
        engine_tree.run(
            "python3", "scripts/engine_api.py", "ping", environment={"DOCKER_HOST": host}
        ).returncode
        == 2
    )


def test_stop_leaves_a_process_alone_that_only_has_the_recorded_number(tree: Tree) -> None:
    state = tree.root / ".run"
    state.mkdir()
    (state / "docker.pid").write_text(str(os.getpid()))

    # Reaching the next line is the promise: the test's own number was in the file.
    assert tree.run("scripts/engine.sh", "stop").returncode == 0
    assert not (state / "docker.pid").exists()


def test_an_answering_engine_is_used_as_it_is(tree: Tree, docker_host: str) -> None:
    found = tree.run("scripts/engine.sh", environment={"DOCKER_HOST": docker_host})

    assert (found.returncode, found.stdout) == (0, f"{docker_host}\n")
    assert not (tree.root / ".run" / "docker").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="drops root's rights to lack them")
def test_without_engine_and_rights_one_line_says_what_to_do(tree: Tree, tmp_path: Path) -> None:
    for directory in (tmp_path, *tmp_path.parents):
        if directory.is_relative_to("/tmp") and directory != Path("/tmp"):
            directory.chmod(0o755)
    shutil.chown(tree.root, "nobody")

    refused = tree.run(
        "setpriv", "--reuid=nobody", "--clear-groups", "scripts/engine.sh", environment=NOWHERE
    )

    assert refused.returncode == 1
    assert refused.stderr.startswith("error: no Docker Engine answers")
    assert refused.stderr.count("\n") == 1
