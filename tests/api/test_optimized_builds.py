"""Builds that cost less than they are written, and make the same."""

import tarfile
from typing import Any

import httpx
import pytest

from tests.api import engine
from tests.api.answers import refused_build
from tests.server import IMAGE, build, finished, log_lines, own_name

#: Stands for pip where nothing is installed: with a cache it tells what is in there, and adds to it.
PIP = """\
#!/bin/sh
case "$*" in
*--no-cache-dir*) ;;
*) ls /root/.cache/pip; echo > "/root/.cache/pip/left-by-$WHO" ;;
esac
cat requirements.txt > /installed
touch -d @1 /installed
"""
COPIED_FIRST = f"""\
FROM {IMAGE}
COPY --chmod=755 tools/ /bin/
WORKDIR /app
COPY . .
RUN pip install --no-cache-dir -r requirements.txt
RUN find . -type f | sort > /listing && touch -d @1 /listing
"""
FILES = {"tools/pip": PIP, "requirements.txt": "six==1.16.0\n", "src/main.py": "print(1)\n"}


def optimization(client: httpx.Client, dockerfile: str, **fields: Any) -> dict[str, Any]:
    """The detail of a build that succeeded, and what is told of its optimization."""
    found = finished(client, build(client, dockerfile, name=own_name("optimized"), **fields))
    assert found["status"] == "success", found["error"]
    return found


def test_an_optimized_image_holds_the_same_files(admin: httpx.Client) -> None:
    written = optimization(admin, COPIED_FIRST, context_files=FILES, optimize="off")
    assert (written["optimize"], written["optimization"]["applied"], written["optimization"]["diff"]) == (
        "off", [], "",
    )  # fmt: skip
    rewritten = optimization(admin, COPIED_FIRST, context_files=FILES)
    told = rewritten["optimization"]
    assert (rewritten["optimize"], told["level"], told["fallback"]) == ("safe", "safe", None)
    assert {each["rule"] for each in told["applied"]} == {"package-cache", "dependencies-first"}
    assert all(each["reason"] and each["line"] for each in told["applied"])
    assert "+COPY requirements.txt requirements.txt" in told["diff"].splitlines()
    # Among them the Dockerfile as it is written, which `COPY . .` copies, and no other.
    files = engine.files_of(rewritten["image"]["id"])
    assert files["app/Dockerfile"][-1] == COPIED_FIRST.encode()
    # Where a cache was mounted, BuildKit leaves the empty directory.
    mounted = {name: files.pop(name) for name in ("root/.cache", "root/.cache/pip")}
    assert {each[0] for each in mounted.values()} == {tarfile.DIRTYPE}
    assert files == engine.files_of(written["image"]["id"])


def test_a_changed_source_does_not_repeat_what_it_does_not_matter_to(admin: httpx.Client) -> None:
    optimization(admin, COPIED_FIRST, context_files=FILES)
    again = optimization(admin, COPIED_FIRST, context_files={**FILES, "src/main.py": "print(2)\n"})
    lines = log_lines(admin, again["id"])
    told = [lines[at + 1 :] for at, line in enumerate(lines) if "pip install" in line and "Step" in line]
    assert next(line for line in told[0] if "--->" in line) == " ---> Using cache"


def test_what_only_the_rewritten_form_fails_on_is_built_as_written(admin: httpx.Client) -> None:
    # A "pip" that does not bear a cache: the mount is a directory that cannot be removed.
    files = {"pip": "#!/bin/sh\nrm -rf /root/.cache/pip || exit 9\n"}
    dockerfile = f"FROM {IMAGE}\nCOPY --chmod=755 pip /bin/\nRUN pip install six\n"
    found = optimization(admin, dockerfile, context_files=files)
    assert "exit code: 9" in found["optimization"]["fallback"]["reason"]
    assert found["steps"]["total"] == 3
    lines = log_lines(admin, found["id"])
    assert any("building as it is written" in line for line in lines)


def test_a_build_that_fails_either_way_tells_its_own_failure(admin: httpx.Client) -> None:
    dockerfile = f"{COPIED_FIRST}RUN exit 7\n"
    found = finished(admin, build(admin, dockerfile, name=own_name("optimized"), context_files=FILES))
    assert found["status"] == "failed"
    assert "exit code 7" in found["error"]["message"]


def test_no_cache_is_seen_by_another_tenant(people: dict[str, httpx.Client]) -> None:
    dockerfile = (
        f"FROM {IMAGE}\nARG WHO\nWORKDIR /app\nCOPY --chmod=755 tools/ /bin/\nCOPY requirements.txt .\n"
        "RUN pip install -r requirements.txt\n"
    )
    seen: dict[str, str] = {}
    marks = {who: own_name(who) for who in ("owner", "stranger", "foreigner")}
    for who, mark in marks.items():
        found = optimization(people[who], dockerfile, context_files=FILES, build_args={"WHO": mark})
        assert [each["rule"] for each in found["optimization"]["applied"]] == ["package-cache"]
        seen[who] = "\n".join(log_lines(people[who], found["id"]))
    # One tenant's builds share it, and it is there at all.
    left = f"left-by-{marks['owner']}"
    assert left in seen["stranger"]
    assert left not in seen["foreigner"]


@pytest.mark.parametrize("wanted", ["fast", None, 1])
def test_a_level_that_does_not_exist_is_refused(admin: httpx.Client, wanted: object) -> None:
    assert "optimize" in refused_build(
        admin, {"name": "x", "dockerfile_content": f"FROM {IMAGE}\n", "optimize": wanted}
    )


def test_who_wants_no_cache_gets_the_build_as_written(admin: httpx.Client) -> None:
    found = optimization(admin, COPIED_FIRST, context_files=FILES, cache_enabled=False)
    assert (found["optimization"]["applied"], found["optimization"]["diff"]) == ([], "")
