"""The two envelopes of family 000, checked field by field."""

import json
import re
from typing import Any

import httpx

#: RFC 3339 in UTC with `Z`.
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
SHA256 = re.compile(r"[0-9a-f]{64}")
IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}")
BUILD_ID = re.compile(r"build_[0-9a-f]{12}")


def data_of(answer: httpx.Response, status: int = 200, *, message: str | None = None) -> Any:
    """The data of a success that carries nothing undocumented."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    expected = {"success", "data", "timestamp"} | ({"message"} if message is not None else set())
    assert set(body) == expected
    assert body["success"] is True
    assert body.get("message") == message
    assert MOMENT.fullmatch(body["timestamp"])
    assert answer.headers["X-Request-ID"]
    return body["data"]


def done(answer: httpx.Response, message: str) -> None:
    """Check a success that has nothing to show."""
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"success", "message", "timestamp"}
    assert (body["success"], body["message"]) == (True, message)


def refusal_of(answer: httpx.Response, status: int, code: str, slug: str) -> dict[str, Any]:
    """The `error` object of a refusal, its status, code and headers checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["X-Error-Code"] == slug, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Language"] in ("zh", "en")
    assert answer.headers["X-Request-ID"]
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    body = answer.json()
    # The login is 002's too, whose errors are a `detail`.
    assert set(body) - {"detail"} == {"success", "error", "timestamp", "trace_id"}
    assert body["success"] is False
    assert MOMENT.fullmatch(body["timestamp"])
    assert body["trace_id"]
    error: dict[str, Any] = body["error"]
    assert set(error) == {"code", "message", "details"}
    assert error["code"] == code
    assert error["message"]
    return error


def refused_fields(answer: httpx.Response) -> dict[str, str]:
    """The sentence of each refused field of an INVALID_REQUEST."""
    error = refusal_of(answer, 400, "INVALID_REQUEST", "invalid-request")
    fields: dict[str, str] = error["details"]["field_errors"]
    assert fields
    assert all(fields.values())
    return fields


def is_chinese(text: str) -> bool:
    """Whether the sentence is written in Chinese."""
    return bool(re.search(r"[\u4e00-\u9fff]", text))


def refused_build(client: httpx.Client, body: object) -> dict[str, str]:
    """What `POST /builds` says of each field in Chinese, checked against the English answer."""
    told = {}
    for language in ("zh", "en"):
        headers = {"Content-Type": "application/json", "Accept-Language": language}
        answer = client.post("/api/v1/builds", content=json.dumps(body), headers=headers)
        assert answer.headers["Content-Language"] == language
        told[language] = refused_fields(answer)
    assert list(told["zh"]) == list(told["en"])
    assert all(map(is_chinese, told["zh"].values()))
    assert not any(map(is_chinese, told["en"].values()))
    return told["zh"]
