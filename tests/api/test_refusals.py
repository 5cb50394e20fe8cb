"""Bad input: a clear answer in both languages that names the field, and nothing left behind."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from eulermaker.kernel.faults import MAX_FIELD_ERRORS
from tests.api import engine
from tests.api.answers import is_chinese, refusal_of, refused_build, refused_fields
from tests.api.conftest import Untouched
from tests.server import IMAGE, ServerProcess, build, detail, finished, log_lines

BUILDS = "/api/v1/builds"
DOCKERFILE = f"FROM {IMAGE}\n"
SPEC = "Name: p\nVersion: 1\nRelease: 1\nSummary: s\nLicense: MIT\n%description\nd\n"


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"dockerfile_content": ""}, "dockerfile_content", "Dockerfile"),
        ({"dockerfile_content": "# nothing\n"}, "dockerfile_content", "没有任何指令"),
        ({"dockerfile_content": "RUN echo\n"}, "dockerfile_content", "第 1 行"),
        ({"dockerfile_content": "ARG A=1\n\n"}, "dockerfile_content", "没有 FROM"),
        (
            {"dockerfile_content": f"{DOCKERFILE}\nRUNN echo\n"},
            "dockerfile_content",
            "第 3 行：未知指令：RUNN",
        ),
        ({"dockerfile_content": f"{DOCKERFILE}COPY a\n"}, "dockerfile_content", "第 2 行"),
        ({"dockerfile_content": "FROM a b\n"}, "dockerfile_content", "第 1 行"),
        ({"dockerfile_content": f"{DOCKERFILE}COPY --from=2 a b\n"}, "dockerfile_content", "第 2 行"),
        ({"dockerfile_content": f"{DOCKERFILE}RUN <<EOF\necho\n"}, "dockerfile_content", "第 2 行"),
        ({"dockerfile_content": f"{DOCKERFILE}# \0"}, "dockerfile_content", "NUL"),
        ({"dockerfile_content": "x" * (4 * 1024 * 1024 + 1)}, "dockerfile_content", "4194304 个字符"),
        ({"target": "nowhere"}, "target", "nowhere"),
        ({"target": "1"}, "target", "1"),
        ({"target": ""}, "target", "1 个字符"),
        ({"dockerfile_content": None}, "body", "dockerfile_content"),
        ({"spec_content": SPEC}, "body", "dockerfile_content"),
        ({"unheard_of": 1}, "unheard_of", "没有这个字段"),
        ({"dockerfile": DOCKERFILE}, "dockerfile", "没有这个字段"),
        ({"name": ""}, "name", "1 个字符"),
        ({"name": "Upper"}, "name", "镜像名称"),
        ({"name": "a b"}, "name", "镜像名称"),
        ({"name": "-a"}, "name", "镜像名称"),
        ({"name": "a//b"}, "name", "镜像名称"),
        ({"name": "a:b:c"}, "name", "镜像名称"),
        ({"name": "a:" + "x" * 129}, "name", "镜像名称"),
        ({"name": "a@sha256:" + "0" * 64}, "name", "镜像名称"),
        ({"name": "名字"}, "name", "镜像名称"),
        ({"name": "a\n"}, "name", "镜像名称"),
        ({"name": "a" * 238}, "name", "237 个字符"),
        ({"name": None}, "name", "字符串"),
        ({"name": ["a"]}, "name", "字符串"),
        ({"base_image": "No Such"}, "base_image", "镜像名称"),
        ({"cache_from": ["ok", "NOT OK"]}, "cache_from", "NOT OK"),
        ({"cache_from": ["a"] * 21}, "cache_from", "20 项"),
        ({"cache_from": "a"}, "cache_from", "数组"),
        ({"build_args": {"1A": "x"}}, "build_args", "1A"),
        ({"build_args": {"A": 1}}, "build_args.A", "字符串"),
        ({"build_args": {"A": "\0"}}, "build_args.A", "NUL"),
        ({"labels": {" ": "x"}}, "labels", "标签名"),
        ({"labels": {"a": "\ud800"}}, "labels.a", "字符"),
        ({"labels": {f"l{n}": "" for n in range(201)}}, "labels", "200 项"),
        ({"timeout": 0}, "timeout", "不能小于 1"),
        ({"timeout": 86_401}, "timeout", "不能大于 86400"),
        ({"timeout": "soon"}, "timeout", "整数"),
        ({"timeout": 1.5}, "timeout", "整数"),
        ({"execute": "perhaps"}, "execute", "布尔"),
        ({"cache_enabled": None}, "cache_enabled", "布尔"),
    ],
)
def test_definition_that_cannot_work_is_refused(
    admin: httpx.Client, untouched: Untouched, fields: dict[str, Any], field: str, told: str
) -> None:
    body = {"name": "refused", "dockerfile_content": DOCKERFILE, **fields}
    with untouched():
        refused = refused_build(admin, body)
    assert list(refused) == [field]
    assert told in refused[field]


@pytest.mark.parametrize(
    "name",
    [
        "a", "1", "a--b", "a..b", "a__b", "a___b", "a_", ".a", "A", "a/B", "a/", "/a", "a//b", "_/a",
        "localhost/a", "localhost:5000/a", "EXAMPLE.com/a", "-.com/a", "example.com/a/b/c/d", "a/b_c",
        "a" * 237, "a" * 238, "example.com/" + "a" * 225, "a:X.y_z-1", "a:" + "x" * 128, "a:" + "x" * 129,
        "a:.x", "a:-x", "中", "a b", "docker.io/library/a",
    ],
)  # fmt: skip
def test_names_are_refused_that_the_engine_refuses(admin: httpx.Client, name: str) -> None:
    repository, _, tag = name.partition(":") if "/" not in name.partition(":")[2] else (name, "", "")
    answer = admin.post(BUILDS, json={"name": name, "dockerfile_content": DOCKERFILE})
    assert (answer.status_code == 201) == engine.takes_name(repository, tag or "latest")
    if answer.status_code == 201:
        admin.delete(f"{BUILDS}/{answer.json()['data']['id']}")


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("", "spec 为空"),
        ("Version: 1\nRelease: 1\n%description\n", "缺少 Name"),
        ("Name: a\nRelease: 1\n%description\n", "缺少 Version"),
        ("Name: a\nVersion: 1\n%description\n", "缺少 Release"),
        ("%description\nName: a\n", "缺少 Name"),
    ],
)
def test_spec_without_what_a_package_needs_is_refused(
    admin: httpx.Client, untouched: Untouched, spec: str, told: str
) -> None:
    with untouched():
        refused = refused_build(admin, {"name": "refused", "spec_content": spec})
    assert list(refused) == ["spec_content"]
    assert told in refused["spec_content"]


def test_several_faults_are_told_at_once(admin: httpx.Client) -> None:
    body = {"name": "A", "dockerfile_content": 1, "timeout": -1, "labels": [], "x": 1}
    assert set(refused_build(admin, body)) == set(body)


def test_names_that_come_from_the_client_cannot_blow_an_answer_up(admin: httpx.Client) -> None:
    body = {"name": "a", "dockerfile_content": DOCKERFILE, **{"y" * 10_000 + str(n): 1 for n in range(200)}}
    answer = admin.post(BUILDS, json=body)
    assert refused_fields(answer)
    assert len(answer.content) < 64 * 1024


def test_missing_copy_source_is_found_when_execution_is_asked_for(
    admin: httpx.Client, untouched: Untouched
) -> None:
    dockerfile = f"{DOCKERFILE}COPY there /\nCOPY not-there.tar.gz also-not /src/\n"
    body = {"name": "missing", "dockerfile_content": dockerfile, "context_files": {"there": ""}}
    with untouched():
        refused = refused_build(admin, {**body, "execute": True})
    assert refused == {
        "context_files": "第 3 行：构建上下文中没有 not-there.tar.gz；第 3 行：构建上下文中没有 also-not"
    }
    # A draft may still get it: only its execution asks.
    identifier = build(admin, dockerfile, context_files={"there": ""}, execute=False)
    with untouched():
        answer = admin.post(f"{BUILDS}/{identifier}/execute")
    assert "not-there.tar.gz" in refused_fields(answer)["context_files"]
    assert detail(admin, identifier)["status"] == "pending"
    for path in ("not-there.tar.gz", "also-not"):
        admin.put(f"{BUILDS}/{identifier}/context/{path}", content=b"here")
    assert admin.post(f"{BUILDS}/{identifier}/execute").status_code == 200
    assert finished(admin, identifier)["status"] == "success"


def test_base_image_that_cannot_be_had_fails_the_build_by_name(
    shared_server: ServerProcess, chinese: httpx.Client
) -> None:
    missing = "nowhere.invalid/no-such-image:1"
    found = finished(chinese, build(chinese, f"FROM {missing}\nRUN true\n", name="no-base"))
    assert (found["status"], found["image"], found["artifacts"]) == ("failed", None, [])
    assert found["error"]["code"] == "base-image-unavailable"
    assert missing in found["error"]["message"]
    assert is_chinese(found["error"]["message"])
    assert missing in log_lines(chinese, found["id"])[-1]
    english = chinese.get(f"{BUILDS}/{found['id']}", headers={"Accept-Language": "en"}).json()["data"]
    assert missing in english["error"]["message"]
    assert not is_chinese(english["error"]["message"])
    by_spec = {"name": "no-base", "spec_content": SPEC, "base_image": missing, "execute": True}
    identifier = chinese.post(BUILDS, json=by_spec).json()["data"]["id"]
    assert missing in finished(chinese, identifier)["error"]["message"]


def test_failing_step_is_named_with_its_exit_code(admin: httpx.Client) -> None:
    dockerfile = f"{DOCKERFILE}RUN echo before\nRUN echo last words >&2; exit 7\nRUN echo never\n"
    found = finished(admin, build(admin, dockerfile, name="step-fails"))
    assert found["status"] == "failed"
    assert found["attempts"] == 1
    assert found["error"]["code"] == "build-step-failed"
    message = found["error"]["message"]
    assert "Step 3/4" in message
    assert "RUN echo last words" in message
    assert "exit code 7" in message
    lines = log_lines(admin, found["id"])
    assert "last words" in lines
    assert "never" not in lines


def test_timeout_is_enforced_from_outside(admin: httpx.Client) -> None:
    found = finished(admin, build(admin, f"{DOCKERFILE}RUN sleep 60\n", cache_enabled=False, timeout=1))
    assert (found["status"], found["error"]["code"]) == ("timeout", "build-timed-out")
    assert "1 seconds" in found["error"]["message"]
    assert found["attempts"] == 1
    # What the engine was doing has ended with it: its slot and its step are free.
    assert finished(admin, build(admin, f"{DOCKERFILE}RUN true\n"))["status"] == "success"


@pytest.mark.parametrize(
    "body",
    [b'{"name": ', b"", b"not json", b"[" * 100_000, b"\xff\xfe{}", b'{"timeout": ' + b"9" * 5000 + b"}"],
)
def test_body_that_is_no_json_is_said_to_be_none(
    admin: httpx.Client, untouched: Untouched, body: bytes
) -> None:
    with untouched():
        for language in ("zh", "en"):
            headers = {"Content-Type": "application/json", "Accept-Language": language}
            answer = admin.post(BUILDS, content=body, headers=headers)
            if not body:
                assert refused_fields(answer)
                continue
            error = refusal_of(answer, 400, "INVALID_REQUEST", "malformed-body")
            assert "JSON" in error["message"]
            assert is_chinese(error["message"]) == (language == "zh")


def test_json_that_is_not_said_to_be_json_is_told_how_to_be(admin: httpx.Client) -> None:
    body = f'{{"name": "a", "dockerfile_content": "FROM {IMAGE}"}}'
    answer = admin.post(BUILDS, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert refused_fields(answer) == {"body": "Send a JSON object, with Content-Type: application/json"}


def test_ten_thousand_wrong_files_make_no_long_answer(admin: httpx.Client) -> None:
    files = {f"../{n}": "x" for n in range(10_000)}
    answer = admin.post(BUILDS, json={"name": "a", "dockerfile_content": "FROM a", "context_files": files})
    assert len(refused_fields(answer)) == MAX_FIELD_ERRORS


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "null", "true"])
def test_json_that_is_no_object_is_refused(admin: httpx.Client, untouched: Untouched, body: str) -> None:
    with untouched():
        answer = admin.post(BUILDS, content=body, headers={"Content-Type": "application/json"})
        assert list(refused_fields(answer)) == ["body"]


def test_body_over_the_bound_is_refused(admin: httpx.Client, untouched: Untouched) -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"name": "a", "dockerfile_content": "'
        for _ in range(65):
            yield b"x" * 1024 * 1024

    with untouched():
        chunked = admin.post(BUILDS, content=endless(), headers={"Content-Type": "application/json"})
        error = refusal_of(chunked, 400, "INVALID_REQUEST", "body-too-large")
    assert str(64 * 1024 * 1024) in error["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", BUILDS, {"GET", "POST"}),
        ("PATCH", f"{BUILDS}/build_000000000000", {"GET", "DELETE"}),
        ("GET", f"{BUILDS}/build_000000000000/execute", {"POST"}),
        ("GET", "/api/v1/auth/login", {"POST"}),
    ],
)
def test_method_not_allowed_lists_those_that_are(
    admin: httpx.Client, method: str, path: str, allowed: set[str]
) -> None:
    answer = admin.request(method, path)
    refusal_of(answer, 405, "INVALID_REQUEST", "method-not-allowed")
    assert {name.strip() for name in answer.headers["Allow"].split(",")} <= allowed


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/api/v1/nowhere", f"{BUILDS}/a/b/c", "/ws/builds/x/logs", "/%00"],
)
def test_unknown_route_is_not_found(chinese: httpx.Client, path: str) -> None:
    error = refusal_of(chinese.get(path), 404, "RESOURCE_NOT_FOUND", "route-not-found")
    assert is_chinese(error["message"])
