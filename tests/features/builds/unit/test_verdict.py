"""The result of an attempt on disk: all of it, or nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from eulermaker.features.builds.artifacts import Artifact
from eulermaker.features.builds.rules import State
from eulermaker.features.builds.verdict import Verdict, read_verdict, write_verdict

NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
SUCCESS = Verdict(
    attempt=2,
    seq=7,
    words=["Successfully built 0123", "中文"],
    state=State.SUCCESS,
    finished_at=NOW,
    values={"image_id": "sha256:00", "steps_done": 3, "fingerprint": None, "built_at": NOW},
    artifacts=[
        Artifact("a.rpm", "/output/a.rpm", 5, "ab" * 32, {"name": "a", "requires": ["b"]}),
        Artifact("b", "/output/b", 0, "cd" * 32, None),
    ],
)
FAILURE = Verdict(
    1, 0, ["ERROR: x"], State.FAILED, NOW, {"error_slug": "x", "error_facts": {"number": 1}}, []
)


@pytest.mark.parametrize("verdict", [SUCCESS, FAILURE], ids=["success", "failure"])
def test_what_is_read_is_what_was_written(verdict: Verdict, tmp_path: Path) -> None:
    path = tmp_path / "verdict.json"
    assert read_verdict(path) is None
    for _ in range(2):
        write_verdict(path, verdict)
        assert read_verdict(path) == verdict
    assert [file.name for file in tmp_path.iterdir()] == ["verdict.json"]
    assert verdict.record["state"] is verdict.state
    assert verdict.record["finished_at"] == NOW


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"attempt": 1}', "\x00"])
def test_what_another_version_wrote_is_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "verdict.json"
    path.write_text(text)
    assert read_verdict(path) is None
