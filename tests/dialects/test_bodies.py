"""Each family's error body against the examples of its document."""

from typing import Any

import pytest

from eulermaker.dialects import family_000, family_001, family_002, family_003, family_004
from eulermaker.dialects.dialect import Defaults, Rendering
from eulermaker.dialects.render import Dialect, answer_of, answer_of_entry, body_in, headers_of
from eulermaker.features.errors.catalogue import catalogue
from eulermaker.kernel.faults import (
    FAMILIES,
    MALFORMED_BODY,
    Entry,
    Family,
    Fault,
    FieldError,
    InvalidFields,
    Kind,
    Language,
    documented,
)
from tests.dialects.documented import DOCUMENTED

NOW = "2026-02-03T12:00:00.000Z"
FAMILY_DEFAULTS: dict[Family, Defaults] = {
    "000": family_000.DEFAULTS,
    "001": family_001.DEFAULTS,
    "002": family_002.DEFAULTS,
    "003": family_003.DEFAULTS,
    "004": family_004.DEFAULTS,
}


def rendered(
    fault: Fault, family: Family, *, language: Language = "zh", stack: str | None = None
) -> Rendering:
    return Rendering(
        fault=fault,
        answer=answer_of(fault, family),
        language=language,
        timestamp=NOW,
        request_id="req-abc123",
        trace_id="abc123def456",
        path="/api/v1/containers/container_123456",
        stack=stack,
        family=family,
    )


def entry(kind: Kind, text: str) -> Entry:
    return Entry("example", kind, zh=text, en="Example")


def test_000_a_missing_resource() -> None:
    fault = entry(Kind.NOT_FOUND, "容器不存在")(
        details={"container_id": "container_123456", "resource_type": "container"}
    )
    assert body_in("000", rendered(fault, "000")) == {
        "success": False,
        "error": {
            "code": "RESOURCE_NOT_FOUND",
            "message": "容器不存在",
            "details": {"container_id": "container_123456", "resource_type": "container"},
        },
        "timestamp": NOW,
        "trace_id": "abc123def456",
    }


NAME_AND_MEMORY = (
    FieldError("name", "容器名称不能为空", "must not be empty", ("body", "name"), "missing"),
    FieldError("memory_limit", "内存限制必须是正整数", "must be positive", ("body", "memory_limit")),
)


def test_000_refused_fields() -> None:
    told = body_in("000", rendered(InvalidFields(NAME_AND_MEMORY), "000"))
    assert told["error"]["code"] == "INVALID_REQUEST"
    assert told["error"]["details"] == {
        "field_errors": {"name": "容器名称不能为空", "memory_limit": "内存限制必须是正整数"}
    }


def test_001_a_record_that_does_not_exist() -> None:
    assert body_in("001", rendered(entry(Kind.NOT_FOUND, "记录不存在")(), "001")) == {
        "success": False,
        "code": 1002,
        "name": "RecordNotExistError",
        "message": "记录不存在",
        "details": {},
        "trace_id": "abc123def456",
    }


def test_001_refused_parameters() -> None:
    told = body_in("001", rendered(InvalidFields(NAME_AND_MEMORY), "001"))
    assert (told["code"], told["name"]) == (1001, "ParamInvalidError")
    assert set(told["details"]["field_errors"]) == {"name", "memory_limit"}


def test_002_is_its_chinese_code_whatever_the_language() -> None:
    locked = Entry(
        "example", Kind.FORBIDDEN, zh="…", en="Locked", answers={"002": documented(403, "账户已被锁定")}
    )
    assert body_in("002", rendered(locked(), "002", language="en")) == {"detail": "账户已被锁定"}


def test_002_refused_fields_are_pydantics_list() -> None:
    email = FieldError(
        "email", "邮箱无效", "value is not a valid email address", ("body", "email"), "value_error.email"
    )
    fault = InvalidFields([email])
    assert answer_of(fault, "002").status == 422
    assert body_in("002", rendered(fault, "002", language="en")) == {
        "detail": [
            {
                "loc": ["body", "email"],
                "msg": "value is not a valid email address",
                "type": "value_error.email",
            }
        ]
    }


def test_003_is_code_and_message_with_the_documented_extras_beside() -> None:
    locked = Entry(
        "example",
        Kind.LIMITED,
        zh="已锁定",
        en="Locked",
        answers={"003": documented(429, "mfa_challenge_locked")},
    )
    fault = locked(details={"retry_at": NOW, "mfaToken": "t", "error": "not this", "user": "nor this"})
    assert body_in("003", rendered(fault, "003", language="en")) == {
        "error": "mfa_challenge_locked",
        "message": "Locked",
        "retryAt": NOW,
        "mfaToken": "t",
    }


def test_004_a_missing_resource() -> None:
    fault = entry(Kind.NOT_FOUND, "资源不存在")(details={"resource": "user", "resourceId": "user-123"})
    assert body_in("004", rendered(fault, "004")) == {
        "success": False,
        "error": {
            "code": "E001",
            "message": "资源不存在",
            "details": {"resource": "user", "resourceId": "user-123"},
        },
        "timestamp": NOW,
        "requestId": "req-abc123",
    }


def test_004_what_the_schema_refuses_is_422_and_what_is_malformed_400() -> None:
    errors = [
        FieldError("password", "密码至少8个字符", "", ("body", "password")),
        FieldError("email", "邮箱格式不正确", "", ("body", "email")),
    ]
    refused, malformed = InvalidFields(errors), MALFORMED_BODY()
    assert (answer_of(refused, "004").status, answer_of(refused, "004").code) == (422, "E006")
    assert (answer_of(malformed, "004").status, answer_of(malformed, "004").code) == (400, "E002")
    assert body_in("004", rendered(refused, "004"))["error"]["details"] == {
        "errors": [
            {"field": "password", "message": "密码至少8个字符"},
            {"field": "email", "message": "邮箱格式不正确"},
        ]
    }


def test_only_004_tells_a_stack_and_only_when_there_is_one() -> None:
    fault = entry(Kind.INTERNAL, "服务器内部错误")()
    assert body_in("004", rendered(fault, "004", stack="Traceback …"))["error"]["stack"] == "Traceback …"
    assert "stack" not in body_in("004", rendered(fault, "004"))["error"]
    others: tuple[Dialect, ...] = ("000", "001", "002", "003", "problem")
    for dialect in others:
        assert "Traceback" not in str(body_in(dialect, rendered(fault, "000", stack="Traceback …")))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_an_answer_in_every_family(kind: Kind, family: Family) -> None:
    answer = FAMILY_DEFAULTS[family][kind]
    assert 400 <= answer.status < 600
    if answer.origin == "document":
        assert (answer.code, answer.status) in DOCUMENTED[family]


@pytest.mark.parametrize("found", list(catalogue()), ids=lambda found: found.slug)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_entry_claims_only_what_the_document_lists(found: Entry, family: Family) -> None:
    answer = answer_of_entry(found, family)
    if answer.origin == "document":
        assert (answer.code, answer.status) in DOCUMENTED[family]
    if family == "001":
        assert answer.name
        assert int(answer.code) >= 1000


@pytest.mark.parametrize("dialect", ["000", "001", "002", "003", "004", "problem"])
def test_a_chosen_dialect_speaks_its_own_codes(dialect: Dialect) -> None:
    told = str(body_in(dialect, rendered(entry(Kind.NOT_FOUND, "没有")(), "000")))
    code = {
        "000": "RESOURCE_NOT_FOUND",
        "001": "1002",
        "002": "资源不存在",
        "003": "not_found",
        "004": "E001",
    }
    assert code.get(dialect, "'status': 404") in told


HEADERS: list[tuple[Kind, dict[str, Any], Family, dict[str, str]]] = [
    (Kind.UNAUTHENTICATED, {}, "000", {"WWW-Authenticate": 'Bearer realm="eulermaker"'}),
    (Kind.UNAVAILABLE, {"retryable": True, "retry_after": 2}, "000", {"Retry-After": "2"}),
    (Kind.UNAVAILABLE, {"retry_after": 2}, "000", {}),
    (Kind.LIMITED, {"retry_after": 60}, "004", {"Retry-After": "60"}),
    (Kind.CONFLICT, {}, "003", {}),
]


@pytest.mark.parametrize(("kind", "advice", "family", "extra"), HEADERS)
def test_the_headers_of_an_error(
    kind: Kind, advice: dict[str, Any], family: Family, extra: dict[str, str]
) -> None:
    fault = Entry("example", kind, zh="例", en="Example", **advice)()
    headers = headers_of(rendered(fault, family, language="en"), family)
    assert headers == {
        "X-Error-Code": "example",
        "Content-Language": "en",
        "Cache-Control": "no-store",
        "Vary": "Accept, Accept-Language, X-Error-Dialect",
        **extra,
    }
