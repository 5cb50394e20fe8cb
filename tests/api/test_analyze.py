"""`POST /builds/analyze`: findings in the caller's language, and a diff that can be built."""

import httpx
import pytest

from tests.api.answers import data_of, refused_fields
from tests.server import IMAGE

ANALYZE = "/api/v1/builds/analyze"
DOCKERFILE = f"FROM {IMAGE}\nWORKDIR /src\nCOPY . .\nRUN pip install -r requirements.txt\n"
SPEC = (
    "Name: hello\nVersion: 1\nRelease: 1\nVendor: me\nSource0: hello.tar.gz\n"
    "%build\nmake\n%install\nmake install\n"
)


def test_findings_have_their_line_their_diff_and_what_is_predicted(admin: httpx.Client) -> None:
    body = {"dockerfile_content": DOCKERFILE, "context_files": {"requirements.txt": "flask\n", "app.py": ""}}
    found = data_of(admin.post(ANALYZE, json=body))
    first = next(each for each in found["findings"] if each["rule"] == "dependencies-first")
    assert (first["line"], first["severity"], first["safe"]) == (4, "warning", True)
    assert "requirements.txt" in first["message"]
    assert "+COPY requirements.txt requirements.txt\n" in first["diff"]
    # The image's user is the superuser, as the engine says.
    assert found["applied"] == ["dependencies-first", "package-cache"]
    assert "--mount=type=cache,target=/root/.cache/pip,sharing=locked" in found["optimized_dockerfile"]
    assert found["dockerfile"] == DOCKERFILE
    assert found["diff"].startswith("--- Dockerfile\n+++ ")
    assert found["predicted"] == {
        "as_written": {"fetching_runs": 1, "runs_after_sources": 1},
        "optimized": {"fetching_runs": 0, "runs_after_sources": 0},
    }


def test_messages_are_in_the_callers_language(chinese: httpx.Client) -> None:
    found = data_of(chinese.post(ANALYZE, json={"dockerfile_content": f"FROM {IMAGE}\nRUN cd /x\n"}))
    assert next(each for each in found["findings"] if each["rule"] == "cd-alone")["message"].startswith(
        "RUN cd 对"
    )


def test_a_spec_is_told_of_in_its_own_lines(admin: httpx.Client) -> None:
    body = {"spec_content": SPEC, "context_files": {"other.tar.gz": ""}, "base_image": IMAGE}
    found = data_of(admin.post(ANALYZE, json=body))
    assert [(each["rule"], each["line"]) for each in found["findings"]] == [
        ("spec-obsolete-tag", 4),
        ("spec-source-missing", 5),
        ("spec-serial-make", 7),
    ]
    assert found["dockerfile"].startswith(f"FROM {IMAGE}\n")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"dockerfile_content": "FROM a\n", "spec_content": SPEC}, "body"),
        ({"dockerfile_content": "FROM a\nNOTHING\n"}, "dockerfile_content"),
        ({"spec_content": "Version: 1\n"}, "spec_content"),
        ({"dockerfile_content": "FROM a\n", "context_files": {"../x": ""}}, "context_files.../x"),
        ({"dockerfile_content": "FROM a\n", "base_image": "No Such"}, "base_image"),
        ({"dockerfile_content": "FROM a\n", "name": "x"}, "name"),
    ],
)
def test_what_no_build_can_be_made_of_is_refused_by_field(
    admin: httpx.Client, body: dict[str, object], field: str
) -> None:
    assert list(refused_fields(admin.post(ANALYZE, json=body))) == [field]


@pytest.mark.parametrize(
    ("person", "status"),
    [("anonymous", 401), ("readonly", 200), ("stranger", 200), ("administrator", 200), ("foreigner", 200)],
)
def test_who_may_analyze(people: dict[str, httpx.Client], person: str, status: int) -> None:
    answer = people[person].post(ANALYZE, json={"dockerfile_content": f"FROM {IMAGE}\n"})
    assert answer.status_code == status
