"""Secrets kept in files: one, whole, and for their owner only."""

import os
import stat
import subprocess
import sys
from pathlib import Path

from eulermaker.kernel.keyfile import secret_in

PRINT = """
import sys
from pathlib import Path
from eulermaker.kernel.keyfile import secret_in
print("ready", flush=True)
sys.stdin.readline()
print(secret_in(Path(sys.argv[1])))
"""
ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from eulermaker.kernel.keyfile import secret_in
resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
secret_in(Path(sys.argv[1]))
"""


def test_the_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = secret_in(tmp_path / "key")
    finally:
        os.umask(before)
    assert len(made) >= 43  # 256 bits in base64
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert secret_in(tmp_path / "key") == made
    assert secret_in(tmp_path / "other") != made
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key", "other"]


def test_a_secret_written_by_hand_is_kept(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("my own secret\n")
    assert secret_in(tmp_path / "key") == "my own secret"


def test_processes_that_make_it_at_once_get_the_same(tmp_path: Path) -> None:
    racing = [
        subprocess.Popen(
            [sys.executable, "-c", PRINT, str(tmp_path / "key")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for process in racing:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in racing:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = {process.communicate(timeout=60)[0] for process in racing}
    assert told == {f"{secret_in(tmp_path / 'key')}\n"}
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_process_that_fails_midway_leaves_no_half_secret(tmp_path: Path) -> None:
    failed = subprocess.run(
        [sys.executable, "-c", ON_A_FULL_DISK, str(tmp_path / "key")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "File too large" in failed.stderr
    assert not (tmp_path / "key").exists()
    assert len(secret_in(tmp_path / "key")) >= 43


def test_what_an_earlier_process_of_the_same_number_left_is_not_used(tmp_path: Path) -> None:
    left = tmp_path / f".key.{os.getpid()}"
    left.write_text("half a sec")
    left.chmod(0o666)
    assert len(secret_in(tmp_path / "key")) >= 43
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
