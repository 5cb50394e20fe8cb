"""Every entry of the catalogue in every dialect: it is told, with the fields that its document shows."""

from typing import Any, get_args

import pytest

from eulermaker.dialects.documents import documented_row
from eulermaker.dialects.render import Dialect, answer_of, body_in
from eulermaker.features.errors.catalogue import catalogue
from eulermaker.features.errors.examples import example_fault
from eulermaker.kernel.call import FORBIDDEN, Call, Permission, Principal, Role
from eulermaker.kernel.faults import (
    DATABASE_UNAVAILABLE,
    FAMILIES,
    INTERNAL,
    Entry,
    Family,
    Fault,
    Kind,
    Language,
    documented,
)
from tests.dialects.test_bodies import NOW, rendered

ENTRIES = list(catalogue())


def told(fault: Fault, family: Family, *, language: Language = "en") -> dict[str, Any]:
    return body_in(family, rendered(fault, family, language=language))


def documented_fields(fault: Fault, family: Family) -> set[str]:
    answer = answer_of(fault, family)
    row = documented_row(family, answer.code, answer.status)
    return {detail.name for detail in row.details} if row else set()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.slug)
def test_every_dialect_tells_every_entry_in_both_languages(entry: Entry) -> None:
    fault = example_fault(entry)
    dialects: tuple[Dialect, ...] = get_args(Dialect)
    for family in FAMILIES:
        for dialect in dialects:
            bodies = [
                body_in(dialect, rendered(fault, family, language="zh")),
                body_in(dialect, rendered(fault, family, language="en")),
            ]
            assert set(bodies[0]) == set(bodies[1])
            # 002 is Chinese whatever is asked for, save where fields are refused.
            assert (bodies[0] == bodies[1]) == (dialect == "002" and entry.slug != "invalid-request")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.slug)
def test_a_fault_without_details_has_the_documented_fields_all_the_same(entry: Entry) -> None:
    fault = example_fault(entry)
    if answer_of(fault, "003").origin == "document":
        assert set(told(fault, "003")) - {"error", "message"} == documented_fields(fault, "003")
    assert set(told(fault, "004")["error"]["details"]) == documented_fields(fault, "004")


def test_004_names_its_resource_as_its_document_does() -> None:
    missing = Entry("build-not-found", Kind.NOT_FOUND, zh="构建不存在", en="There is no such build")
    fault = missing(details={"build_id": "build_1", "resource_type": "build"})
    assert told(fault, "004")["error"]["details"] == {"resource": "build", "resourceId": "build_1"}
    by_name = missing(details={"volume": "data", "resource_type": "volume"})
    assert told(by_name, "004")["error"]["details"] == {"resource": "volume", "resourceId": "data"}


def test_003_and_004_write_names_in_their_own_way() -> None:
    locked = Entry(
        "account-locked",
        Kind.LIMITED,
        zh="账户已被锁定",
        en="The account is locked",
        answers={
            "003": documented(429, "mfa_challenge_locked"),
            "004": documented(401, "E105"),
        },
    )
    fault = locked(
        details={"lockout_time": NOW, "remaining_time": 900, "retry_at": NOW, "mfa_token": "t", "user": "u"}
    )
    assert told(fault, "003") == {
        "error": "mfa_challenge_locked",
        "message": "The account is locked",
        "retryAt": NOW,
        "mfaToken": "t",
    }
    assert told(fault, "004")["error"]["details"] == {"lockoutTime": NOW, "remainingTime": 900}
    assert told(fault, "000")["error"]["details"]["lockout_time"] == NOW


def test_a_missing_permission_is_told_whole() -> None:
    call = Call(Principal("user_1", "reader", "tenant_1", Role.READONLY, "session_1"), "en")
    with pytest.raises(Fault) as raised:
        call.require(Permission.BUILDS_WRITE)
    assert raised.value.entry is FORBIDDEN
    details = told(raised.value, "004")["error"]["details"]
    assert (details["requiredPermission"], details["userRole"]) == ("builds:write", "readonly")
    assert "builds:read" in details["userPermissions"]
    assert told(raised.value, "003") == {"error": "forbidden", "message": raised.value.message("en")}


def test_004_tells_nothing_of_the_database_and_an_id_for_what_is_unexpected() -> None:
    details = told(DATABASE_UNAVAILABLE(details={"host": "db.internal"}), "004")["error"]["details"]
    assert details == {"database": "redacted", "host": "redacted", "port": "redacted"}
    unexpected = told(INTERNAL(), "004")["error"]["details"]
    assert unexpected == {"errorId": "req-abc123", "timestamp": NOW}
