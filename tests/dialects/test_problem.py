"""RFC 9457 problem details, the frame for streams, and 000's success envelope."""

import json
from datetime import datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from eulermaker.dialects import problem, stream
from eulermaker.dialects.render import body_in
from eulermaker.dialects.success import done, envelope, success
from eulermaker.kernel.faults import DATABASE_UNAVAILABLE, FAMILIES, Family, InvalidFields, Language
from tests.dialects.test_bodies import NAME_AND_MEMORY, NOW, rendered


@pytest.mark.parametrize("family", FAMILIES)
def test_a_problem_has_the_members_of_the_rfc_and_the_status_of_the_route(family: Family) -> None:
    rendering = rendered(DATABASE_UNAVAILABLE(), family, language="en")
    told = body_in("problem", rendering)
    # §3.1: a URI reference, a title that is the same each time, the status sent, a sentence, a URI reference.
    page = f"/api/v1/errors/{family}/{quote(rendering.answer.code)}"
    assert told["type"] == f"{page}#database-unavailable"
    assert told["title"] == "Database unavailable"
    assert told["status"] == rendering.answer.status
    assert told["detail"] == DATABASE_UNAVAILABLE.en
    assert told["instance"] == "/api/v1/containers/container_123456"
    # §3.2: the extensions.
    assert (told["code"], told["retryable"], told["retry_after"]) == ("database-unavailable", True, 2)
    assert (told["request_id"], told["trace_id"]) == ("req-abc123", "abc123def456")
    assert told["details"] == {}


def test_the_title_is_no_part_of_the_translation() -> None:
    languages: tuple[Language, ...] = ("zh", "en")
    zh, en = (
        body_in("problem", rendered(InvalidFields(NAME_AND_MEMORY), "000", language=language))
        for language in languages
    )
    assert zh["title"] == en["title"]
    assert zh["detail"] != en["detail"]
    assert zh["details"]["field_errors"]["name"] == "容器名称不能为空"
    assert en["details"]["field_errors"]["name"] == "must not be empty"


def test_the_media_type_is_the_registered_one() -> None:
    assert problem.MEDIA_TYPE == "application/problem+json"


def test_a_fault_in_a_stream_is_one_frame() -> None:
    text = stream.frame(rendered(DATABASE_UNAVAILABLE(), "000"))
    assert "\n" not in text
    told = json.loads(text)
    assert set(told) == {"type", "error", "trace_id"}
    assert told["type"] == "error"
    assert told["error"]["code"] == "INTERNAL_ERROR"
    assert told["error"]["message"] == DATABASE_UNAVAILABLE.zh


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(data=JSON, message=st.none() | st.text())
def test_the_envelope_is_json_around_any_data(data: object, message: str | None) -> None:
    told = json.loads(envelope(to_json(data), message=message))
    datetime.fromisoformat(told.pop("timestamp"))
    assert told == {"success": True, "data": data, **({} if message is None else {"message": message})}


def test_the_answers_of_000() -> None:
    created = success({"id": "build_1"}, message="构建已创建", status=201)
    assert created.status_code == 201
    assert created.headers["content-type"] == "application/json"
    assert json.loads(bytes(created.body))["message"] == "构建已创建"
    deleted = json.loads(bytes(done("构建已删除").body))
    assert set(deleted) == {"success", "message", "timestamp"}
    assert deleted["timestamp"] > NOW
