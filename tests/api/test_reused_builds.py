"""Results that are taken over by builds of the same inputs."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.api import engine
from tests.server import IMAGE, ServerProcess, build, finished, log_lines, own_name, reached

FILES = {"a.txt": "a\n", "sub/b.sh": "#!/bin/sh\necho b\n"}


def dockerfile(mark: str, *lines: str) -> str:
    """A Dockerfile that nobody built before; it leaves an artifact, and prints what is told of it."""
    steps = "\n".join(lines)
    return (
        f"FROM {IMAGE}\nCOPY a.txt sub /in/\n{steps}\n"
        f"RUN mkdir -p /output && echo {mark} | tee /output/made.txt && cat /proc/sys/kernel/random/uuid\n"
    )


def built(client: httpx.Client, text: str, **fields: Any) -> dict[str, Any]:
    fields = {"context_files": FILES, **fields}
    found = finished(client, build(client, text, name=own_name("reused"), **fields))
    assert found["status"] == "success", found["error"]
    return found


def reused_from(found: dict[str, Any]) -> str | None:
    told = found["optimization"]["reused"]
    return None if told is None else str(told["build_id"])


def test_the_same_inputs_take_the_result_over(admin: httpx.Client) -> None:
    text = dockerfile(own_name("same"))
    first = built(admin, text)
    assert reused_from(first) is None
    # Comments and the way that lines are broken make no difference.
    again = built(admin, f"# a comment\n{text.replace('COPY a.txt', f'copy {chr(92)}{chr(10)} a.txt')}")
    assert reused_from(again) == first["id"]
    assert again["optimization"]["saved_seconds"] >= 0
    assert again["steps"] == {"total": 3, "done": 3, "cached": 3}
    assert again["image"]["id"] == first["image"]["id"]
    assert again["image"]["tag"] != first["image"]["tag"]
    assert engine.image(again["image"]["tag"])["Id"] == first["image"]["id"]
    assert [each["sha256"] for each in again["artifacts"]] == [each["sha256"] for each in first["artifacts"]]
    lines = log_lines(admin, again["id"])
    assert first["id"] in lines[0]
    printed = [line for line in log_lines(admin, first["id"]) if line.startswith("Step") or len(line) == 36]
    assert [line for line in lines if line in printed] == printed

    # It outlives the build that made it, and that keeps its moment.
    admin.delete(f"/api/v1/builds/{first['id']}").raise_for_status()
    third = built(admin, text)
    assert reused_from(third) == again["id"]
    told, before = third["optimization"]["reused"], again["optimization"]["reused"]
    assert (told["built_at"], told["built_seconds"]) == (before["built_at"], before["built_seconds"])
    content = admin.get(f"/api/v1/builds/{third['id']}/artifacts/made.txt")
    assert content.text == admin.get(f"/api/v1/builds/{again['id']}/artifacts/made.txt").text


def test_what_differs_is_built(admin: httpx.Client, people: dict[str, httpx.Client]) -> None:
    text = dockerfile(own_name("differs"))
    first = built(admin, text)
    for changed in (
        {"context_files": {**FILES, "a.txt": "A\n"}},
        {"context_files": {**FILES, "more.txt": ""}},
        {"context_files": {**FILES, "a.txt": {"content": "a\n", "executable": True}}},
        {"build_args": {"X": "1"}},
        {"labels": {"x": "1"}},
        {"optimize": "off"},
        {"cache_enabled": False},
    ):
        assert reused_from(built(admin, text, **changed)) is None, changed
    assert reused_from(built(admin, f"{text}ENV X=1\n")) is None
    # A result is its owner's: not another's of the tenant, and least of all another tenant's.
    for somebody in ("owner", "foreigner"):
        assert reused_from(built(people[somebody], text)) is None
    assert reused_from(built(admin, text)) == first["id"]


def test_what_may_have_changed_elsewhere_is_built(admin: httpx.Client, shared_server: ServerProcess) -> None:
    address = f"{shared_server.url}/healthz"
    text = dockerfile(own_name("remote"), f"ADD {address.replace('127.0.0.1', '172.17.0.1')} /x")
    for _ in range(2):
        found = finished(admin, build(admin, text, name=own_name("reused"), context_files=FILES))
        assert found["optimization"]["reused"] is None


def test_a_result_that_is_not_whole_is_built_again(admin: httpx.Client, shared_server: ServerProcess) -> None:
    text = dockerfile(own_name("whole"))
    first = built(admin, text)
    artifact = first["artifacts"][0]["sha256"]
    (shared_server.data_dir / "builds" / first["id"] / "artifacts" / artifact).unlink()
    second = built(admin, text)
    assert reused_from(second) is None
    engine.remove_image(second["image"]["id"])
    third = built(admin, text)
    assert reused_from(third) is None
    assert reused_from(built(admin, text)) == third["id"]


def test_failed_and_cancelled_builds_are_no_results(admin: httpx.Client) -> None:
    text = dockerfile(own_name("failed"), "RUN exit 3")
    for _ in range(2):
        found = finished(admin, build(admin, text, name=own_name("reused"), context_files=FILES))
        assert (found["status"], found["optimization"]["reused"]) == ("failed", None)
    slow = dockerfile(own_name("cancelled"), "RUN sleep 8")
    running = build(admin, slow, name=own_name("reused"), context_files=FILES)
    reached(admin, running, {"running"})
    # One that waits for it builds by itself once it is cancelled.
    waiting = build(admin, slow, name=own_name("reused"), context_files=FILES)
    admin.post(f"/api/v1/builds/{running}/cancel").raise_for_status()
    found = finished(admin, waiting)
    assert (found["status"], found["optimization"]["reused"]) == ("success", None)


def test_the_same_inputs_at_once_are_built_once(admin: httpx.Client) -> None:
    text = dockerfile(own_name("once"), "RUN sleep 2")
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: built(admin, text), range(3)))
    sources = [reused_from(each) for each in found]
    assert sources.count(None) == 1
    assert len({each["image"]["id"] for each in found}) == 1
