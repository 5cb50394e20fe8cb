"""Pydantic's findings as field errors in both languages."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import PydanticCustomError

from eulermaker.kernel.faults import FieldError

MAX_FIELD_ERRORS = 50

_CHINESE: Mapping[str, str] = {
    "missing": "缺少必填字段",
    "extra_forbidden": "没有这个字段",
    "string_type": "必须是字符串",
    "string_too_short": "长度不能少于 {min_length} 个字符",
    "string_too_long": "长度不能超过 {max_length} 个字符",
    "string_pattern_mismatch": "格式无效",
    "int_type": "必须是整数",
    "int_parsing": "必须是整数",
    "int_from_float": "必须是整数",
    "float_type": "必须是数字",
    "float_parsing": "必须是数字",
    "bool_type": "必须是布尔值",
    "bool_parsing": "必须是布尔值",
    "dict_type": "必须是对象",
    "list_type": "必须是数组",
    "model_type": "必须是对象",
    "model_attributes_type": "必须是 JSON 对象",
    "json_invalid": "不是有效的 JSON",
    "enum": "只能是 {expected}",
    "literal_error": "只能是 {expected}",
    "greater_than": "必须大于 {gt}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than": "必须小于 {lt}",
    "less_than_equal": "不能大于 {le}",
    "too_long": "最多 {max_length} 项",
    "too_short": "最少 {min_length} 项",
}


def refusal(*, zh: str, en: str) -> PydanticCustomError:
    """The exception for a validator to raise: its reason in both languages."""
    # Pydantic formats the template with the context, so the sentences go through it untouched.
    return PydanticCustomError("refused", "{en}", {"en": en, "zh": zh})


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Pydantic's error list as field errors; the path drops `body`, `query` and the like."""
    return [_field_error(error) for error in errors[:MAX_FIELD_ERRORS]]


def _field_error(error: Mapping[str, Any]) -> FieldError:
    location = tuple(error["loc"])
    context = error.get("ctx") or {}
    english = str(error["msg"])
    # Tags of unions ("function-after[…]") are Pydantic's own and no part of the body.
    path = [str(part) for part in location[1:] if "[" not in str(part)] or [str(location[0])]
    return FieldError(
        field=".".join(path),
        zh=_chinese(error["type"], context, english),
        en=english,
        location=location,
        type=error["type"],
    )


def _chinese(kind: str, context: Mapping[str, Any], english: str) -> str:
    if "zh" in context:
        return str(context["zh"])
    template = _CHINESE.get(kind)
    return template.format_map(context) if template else f"无效：{english}"
