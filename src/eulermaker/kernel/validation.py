"""Pydantic's findings as field errors in both languages."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from eulermaker.kernel.faults import MAX_FIELD_ERRORS, FieldError

MAX_SHOWN = 200

_CHINESE: Mapping[str, str] = {
    "missing": "缺少必填字段",
    "extra_forbidden": "没有这个字段",
    "string_type": "必须是字符串",
    "string_too_short": "长度不能少于 {min_length} 个字符",
    "string_too_long": "长度不能超过 {max_length} 个字符",
    "string_pattern_mismatch": "格式无效",
    "string_unicode": "不是有效的 Unicode 文本",
    "int_type": "必须是整数",
    "int_parsing": "必须是整数",
    "int_parsing_size": "数字过大",
    "int_from_float": "必须是整数",
    "float_type": "必须是数字",
    "float_parsing": "必须是数字",
    "bool_type": "必须是布尔值",
    "bool_parsing": "必须是布尔值",
    "dict_type": "必须是对象",
    "list_type": "必须是数组",
    "model_type": "必须是对象",
    "model_attributes_type": "请发送 JSON 对象，并使用 Content-Type: application/json",
    "json_invalid": "不是有效的 JSON",
    "enum": "只能是 {expected}",
    "literal_error": "只能是 {expected}",
    "union_tag_not_found": "缺少字段 {discriminator}",
    "union_tag_invalid": "字段 {discriminator} 只能是 {expected_tags}",
    "greater_than": "必须大于 {gt}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than": "必须小于 {lt}",
    "less_than_equal": "不能大于 {le}",
    "too_long": "最多 {max_length} 项",
    "too_short": "最少 {min_length} 项",
}

# Pydantic tells the bounds of a text that has a validator of its own as those of a list.
_TEXT_BOUNDS: Mapping[str, str] = {
    "too_short": "String should have at least {min_length} characters",
    "too_long": "String should have at most {max_length} characters",
}


def refusal(*, zh: str, en: str) -> PydanticCustomError:
    """The exception for a validator to raise: its reason in both languages."""
    # Pydantic formats the template with the context, so the sentences go through it untouched.
    return PydanticCustomError("refused", "{en}", {"en": en, "zh": zh})


# The tag of a union's member ("[object]", "function-after[…]") is no part of the body.
_UNION_TAG = re.compile(r"[a-z-]*\[.*\]")
# PostgreSQL stores no NUL, and half of a surrogate pair has no encoding.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text; raises a refusal when it cannot be stored or sent."""
    if _UNSTORABLE.search(text):
        raise refusal(
            zh="不能包含 NUL 字符或不成对的代理字符", en="NUL and unpaired surrogates are not possible here"
        )
    return text


def spelled(pattern: str) -> WithJsonSchema:
    """Documents how a text is spelled, for a validator that refuses it in a sentence of its own."""
    return WithJsonSchema({"type": "string", "pattern": f"^(?:{pattern})$"})


#: Text that can be stored and sent: without NUL and unpaired surrogates.
Text = Annotated[str, AfterValidator(storable)]


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Pydantic's error list as field errors; the path drops `body`, `query` and the like."""
    return [_field_error(error) for error in errors[:MAX_FIELD_ERRORS]]


def _field_error(error: Mapping[str, Any]) -> FieldError:
    location = tuple(_shown(part) for part in error["loc"])
    context = error.get("ctx") or {}
    kind, english = error["type"], str(error["msg"])
    if context.get("field_type") == "Value" and kind in _TEXT_BOUNDS:
        kind, english = f"string_{kind}", _TEXT_BOUNDS[kind].format_map(context)
    if kind == "model_attributes_type" and location == ("body",):
        # FastAPI hands on as bytes what is not said to be JSON: curl's default, for one.
        english = "Send a JSON object, with Content-Type: application/json"
    path = [str(part) for part in location[1:] if not _UNION_TAG.fullmatch(str(part))] or [str(location[0])]
    return FieldError(
        field=".".join(path),
        zh=_chinese(kind, context, english),
        en=english,
        location=location,
        type=kind,
    )


def _shown(part: str | int) -> str | int:
    # Names of fields and keys come from the client: any length, and maybe no valid Unicode.
    return part[:MAX_SHOWN].encode(errors="replace").decode() if isinstance(part, str) else part


def _chinese(kind: str, context: Mapping[str, Any], english: str) -> str:
    if "zh" in context:
        return str(context["zh"])
    template = _CHINESE.get(kind)
    if template is None:
        return f"无效：{english}"
    return template.format_map({key: str(fact).replace(" or ", " 或 ") for key, fact in context.items()})
