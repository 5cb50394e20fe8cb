"""Pydantic's findings, told in both languages."""

import re
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import PydanticCustomError

from eulermaker.kernel.faults import MAX_FIELD_ERRORS, FieldError
from eulermaker.kernel.validation import field_errors, refusal, storable


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int


def short(length: int) -> Any:
    return Annotated[str, Field(min_length=length, max_length=length)]


FINDINGS: list[tuple[Any, Any, str, str]] = [
    (str, 1, "string_type", "必须是字符串"),
    (short(3), "ab", "string_too_short", "长度不能少于 3 个字符"),
    (short(3), "abcd", "string_too_long", "长度不能超过 3 个字符"),
    (Annotated[str, Field(pattern="^a$")], "b", "string_pattern_mismatch", "格式无效"),
    (int, [], "int_type", "必须是整数"),
    (int, "x", "int_parsing", "必须是整数"),
    (int, 1.5, "int_from_float", "必须是整数"),
    (int, "9" * 5000, "int_parsing_size", "数字过大"),
    (str, b"\xff", "string_unicode", "不是有效的 Unicode 文本"),
    (float, [], "float_type", "必须是数字"),
    (float, "x", "float_parsing", "必须是数字"),
    (bool, [], "bool_type", "必须是布尔值"),
    (bool, "x", "bool_parsing", "必须是布尔值"),
    (dict[str, str], [], "dict_type", "必须是对象"),
    (list[str], {}, "list_type", "必须是数组"),
    (Inner, "x", "model_type", "必须是对象"),
    (Colour, "x", "enum", "只能是 'red' 或 'blue'"),
    (Literal["a", "b"], "x", "literal_error", "只能是 'a' 或 'b'"),
    (Annotated[int, Field(gt=1)], 1, "greater_than", "必须大于 1"),
    (Annotated[int, Field(ge=1)], 0, "greater_than_equal", "不能小于 1"),
    (Annotated[int, Field(lt=1)], 1, "less_than", "必须小于 1"),
    (Annotated[int, Field(le=1)], 2, "less_than_equal", "不能大于 1"),
    (Annotated[list[str], Field(max_length=1)], ["a", "b"], "too_long", "最多 1 项"),
    (Annotated[list[str], Field(min_length=1)], [], "too_short", "最少 1 项"),
]


def refused(kind: Any, value: Any) -> list[FieldError]:
    model = create_model("Body", field=(kind, ...))
    with pytest.raises(ValidationError) as error:
        model.model_validate({"field": value})
    # FastAPI puts where a value came from in front of its path.
    return field_errors([{**found, "loc": ("body", *found["loc"])} for found in error.value.errors()])


@pytest.mark.parametrize(("kind", "value", "type_", "chinese"), FINDINGS, ids=[row[2] for row in FINDINGS])
def test_a_finding_is_told_in_both_languages(kind: Any, value: Any, type_: str, chinese: str) -> None:
    [error] = refused(kind, value)
    assert (error.field, error.location, error.type) == ("field", ("body", "field"), type_)
    assert error.zh == chinese
    assert error.en
    assert not re.search(r"[\u4e00-\u9fff]", error.en)


def test_missing_and_unknown_fields_are_named_by_their_path() -> None:
    errors = {error.field: error.zh for error in refused(Inner, {"colour": 1})}
    assert errors == {"field.size": "缺少必填字段", "field.colour": "没有这个字段"}


def test_a_finding_without_a_translation_is_still_told() -> None:
    [error] = refused(bytes, 1)
    assert error.zh == f"无效：{error.en}"


def test_a_body_that_is_no_object_is_named_by_where_it_came_from() -> None:
    [error] = field_errors(
        [{"type": "json_invalid", "loc": ("body",), "msg": "JSON decode error", "ctx": {}}]
    )
    assert (error.field, error.zh) == ("body", "不是有效的 JSON")


def test_the_tags_of_a_union_are_no_part_of_the_path() -> None:
    def refuse(value: int) -> int:
        raise refusal(zh="不行", en="no")

    errors = refused(list[Annotated[int, AfterValidator(refuse)] | Inner], [1])
    assert {error.field for error in errors} <= {"field.0", "field.0.Inner"}


@given(zh=st.text(min_size=1), en=st.text(min_size=1))
def test_a_validators_own_reason_goes_through_untouched(zh: str, en: str) -> None:
    def refuse(value: str) -> str:
        raise refusal(zh=zh, en=en)

    [error] = refused(Annotated[str, AfterValidator(refuse)], "x")
    assert (error.zh, error.en) == (zh, en)


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "\udfff."])
def test_what_no_database_takes_is_refused(text: str) -> None:
    with pytest.raises(PydanticCustomError):
        storable(text)


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_other_text_is_left_as_it_is(text: str) -> None:
    assert storable(text) == text


@given(st.text(st.characters(), min_size=1))
def test_any_key_of_a_client_can_be_told(key: str) -> None:
    [error] = field_errors([{"type": "extra_forbidden", "loc": ("body", key), "msg": "no"}])
    error.field.encode()
    assert len(error.field) <= 200


def test_a_long_list_of_findings_is_cut() -> None:
    assert len(refused(list[int], ["x"] * 1000)) == MAX_FIELD_ERRORS
