"""The catalogue against the rows of the five references: nothing is missing, nothing is worded otherwise."""

import pytest

from eulermaker.dialects.documents import DOCUMENTS, Row
from eulermaker.features.errors.catalogue import catalogue
from eulermaker.features.errors.codes import Code, Codes
from eulermaker.features.errors.planned import planned
from eulermaker.kernel.faults import FAMILIES, Entry, Family, Kind, documented
from tests.api.answers import is_chinese
from tests.dialects.documented import ROWS, DocumentedRow

CODES = Codes.of(catalogue())
#: What no feature answers with yet: clusters, tenants, energy, profiles, billing, agents, AI, workflows.
PLANNED: dict[Family, set[str]] = {
    "000": set(),
    "001": {"2001", "2002", "3001", "4001", "5001", "5002", "5003", "9002", "9003"},
    "002": {"租户不存在", "租户订阅已过期", "组织不存在", "数据源未连接", "时间范围无效"},
    "003": {
        "xworkmate_vault_unavailable",
        "tenant_membership_required",
        "tenant_not_found",
        "xworkmate_profile_forbidden",
        "token_persistence_forbidden",
        "xworkmate_secret_unknown_target",
        "xworkmate_secret_write_failed",
        "xworkmate_secret_delete_failed",
        "subscription_not_found",
        "subscription_upsert_failed",
        "stripe_cancel_failed",
        "usage_summary_unavailable",
        "invalid_start",
        "invalid_end",
        "policy_not_found",
        "collector_status_unavailable",
        "scheduler_status_unavailable",
        "missing_token",
        "invalid_token (agent)",
        "agent_registry_unavailable",
        "sandbox_missing",
    },
    "004": {
        *("E300", "E301", "E302", "E303", "E304"),
        *("E400", "E401", "E402"),
        *("E501", "E502", "E902"),
    },
}
#: What accounts take over; each is gone from here as soon as they answer with it.
OF_ACCOUNTS: dict[Family, set[str]] = {
    "000": set(),
    "001": set(),
    "002": {"账户已被锁定", "该邮箱已注册", "租户名称已存在"},
    "003": {
        "credentials_in_query",
        "missing_credentials",
        "user_not_found",
        "email_not_verified",
        "session_user_lookup_failed",
        "invalid_email",
        "password_too_short",
        "missing authorization header",
        "missing service token",
        "mfa_ticket_required",
        "mfa_code_required",
        "invalid_mfa_ticket",
        "invalid_mfa_token",
        "invalid_mfa_code",
        "mfa_challenge_locked",
        "mfa_not_enabled",
        "verification_required",
        "invalid_code",
        "verification_failed",
        "email_already_exists",
        "name_already_exists",
        "password_reset_failed",
        "invalid_token",
        "provider_not_found",
        "code_missing",
        "oauth_exchange_failed",
        "fetch_profile_failed",
        "invalid_exchange_code",
        "token_service_unavailable",
        "root_only",
        "root_email_enforced",
        "metrics_unavailable",
        "read_only_account",
        "account_suspended",
        "list_users_failed",
        "store_not_configured",
        "(settings conflict)",
    },
    "004": {"E102", "E103", "E105", "E200", "E201", "E202", "E204"},
}


def title(row: DocumentedRow) -> str:
    return f"{row.family} {row.title}"


def code_of(row: DocumentedRow) -> Code:
    return CODES.find(row.family, row.title)[0]


def test_there_are_as_many_rows_as_documented() -> None:
    assert len(ROWS) == 136
    assert {(family, row.title) for family in FAMILIES for row in DOCUMENTS[family]} == {
        (row.family, row.title) for row in ROWS
    }


@pytest.mark.parametrize("row", ROWS, ids=title)
def test_a_row_is_in_the_catalogue_as_the_document_has_it(row: DocumentedRow) -> None:
    code = code_of(row)
    assert (code.title, code.answer.code, code.answer.status) == (row.title, row.code, row.status)
    assert f"{code.answer.name} {code.message}".strip() == row.message
    assert code.row is not None
    assert tuple(detail.name for detail in code.row.details) == row.fields


@pytest.mark.parametrize("row", ROWS, ids=title)
def test_a_row_is_explained_in_both_languages(row: DocumentedRow) -> None:
    code = code_of(row)
    for text in (code.meaning, code.cause, code.remedy, code.advice):
        assert is_chinese(text.zh)
        assert not is_chinese(text.en)
        assert text.en[0] == text.en[0].upper()
        assert not {"{", "}"} & set(text.zh + text.en)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_planned_is_what_is_still_to_come(family: Family) -> None:
    found = {code.title for code in CODES if code.family == family and code.planned}
    assert PLANNED[family] <= found <= PLANNED[family] | OF_ACCOUNTS[family]


def test_a_feature_takes_its_code_over_by_answering_with_it() -> None:
    own = Entry(
        "email-taken",
        Kind.CONFLICT,
        zh="邮箱已被使用",
        en="The address is taken",
        answers={"003": documented(409, "email_already_exists")},
    )
    before, after = list(planned([])), list(planned([own]))
    assert [entry.slug for entry in before if "email_already_exists" in _codes(entry)] == ["email-taken"]
    assert not [entry for entry in after if "email_already_exists" in _codes(entry)]
    # The codes that it leaves to the other families are still stood in for, under a name of their own.
    assert [set(_codes(e)) for e in after if e.slug == "email-taken-planned"] == [{"该邮箱已注册", "E201"}]


def test_a_planned_entry_may_be_retried_where_its_row_says_so() -> None:
    by_code = {code: entry for entry in planned([]) for code in _codes(entry)}
    assert (by_code["E300"].retryable, by_code["E300"].retry_after) == (True, 60)
    assert not by_code["E303"].retryable


@pytest.mark.parametrize("family", FAMILIES)
def test_a_documents_codes_are_told_apart(family: Family) -> None:
    rows: tuple[Row, ...] = DOCUMENTS[family]
    assert len({(row.code, row.status) for row in rows}) == len({row.title for row in rows}) == len(rows)


def _codes(entry: Entry) -> list[str]:
    return [answer.code for answer in entry.answers.values()]
