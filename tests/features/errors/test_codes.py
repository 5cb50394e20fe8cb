"""The catalogue by code: what is found, what is filtered, what an example looks like."""

import json

import pytest

from eulermaker.dialects.render import answer_of_entry
from eulermaker.features.errors.catalogue import catalogue
from eulermaker.features.errors.codes import Code, Codes, Filter
from eulermaker.features.errors.examples import example_body, example_fault
from eulermaker.features.errors.schemas import code_detail, code_info
from eulermaker.features.errors.words import retry_advice
from eulermaker.kernel.faults import FAMILIES, Entry, Family, Language

CATALOGUE = catalogue()
CODES = Codes.of(CATALOGUE)


def named(code: Code) -> str:
    return f"{code.family} {code.answer.code} {code.answer.status}"


def test_every_fault_is_found_under_its_code_in_every_family() -> None:
    for entry in CATALOGUE:
        families = entry.answers if entry.planned else FAMILIES
        for family in families:
            answer = answer_of_entry(entry, family)
            found = CODES.find(family, answer.code)
            assert any(entry in code.entries and code.answer.status == answer.status for code in found)


@pytest.mark.parametrize("name", ["E000", "无效 Token", "1001", "forbidden"])
def test_a_code_is_found_in_its_own_family_only(name: str) -> None:
    assert sum(bool(CODES.find(family, name)) for family in FAMILIES) == 1


def test_what_the_document_means_by_a_name_comes_first() -> None:
    reset, agent = CODES.find("003", "invalid_token")
    assert (reset.answer.status, agent.answer.status) == (400, 401)
    assert [code.answer.status for code in CODES.find("003", "invalid_token (agent)")] == [401]
    internal = CODES.find("000", "INTERNAL_ERROR")
    assert internal[0].row is not None
    assert {code.answer.status for code in internal} == {500, 503}
    assert CODES.find("002", "(validation)") == CODES.find("002", "请求参数无效")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(family="002", status=429), {"请求过于频繁，请稍后重试", "登录尝试过多"}),
        (Filter(family="001", status=404, planned=False), {"1002"}),
        (Filter(family="004", status=429, retryable=True), {"E007", "E302"}),
        (Filter(family="000", planned=True), set()),
    ],
)
def test_filters(wanted: Filter, expected: set[str]) -> None:
    assert {code.answer.code for code in CODES if wanted.admits(code)} == expected


@pytest.mark.parametrize("code", list(CODES), ids=named)
def test_an_example_has_the_code_its_status_and_the_documented_details(code: Code) -> None:
    body, documented = example_body(code), code_info(code).details["properties"]
    if code.title == "(validation)":
        assert set(documented) == set(body["detail"][0])
        return
    assert code.answer.code in json.dumps(body, ensure_ascii=False)
    assert set(documented) <= set(_details(code.family, body))


@pytest.mark.parametrize("entry", list(CATALOGUE), ids=lambda entry: entry.slug)
def test_no_sentence_keeps_a_placeholder(entry: Entry) -> None:
    languages: tuple[Language, ...] = ("zh", "en")
    for language in languages:
        assert not {"{", "}"} & set(example_fault(entry).message(language))


def test_advice_tells_whether_and_when() -> None:
    assert "原样" in retry_advice(retryable=False, always=False, after=None).zh
    assert retry_advice(retryable=True, always=True, after=5).en.startswith("Wait for 5 s")
    some = retry_advice(retryable=True, always=False, after=None).en
    assert some.startswith("For the faults marked")
    assert "Retry-After" in some


def test_a_detail_tells_the_same_fault_in_the_other_families() -> None:
    told = code_detail(*CODES.find("004", "E007"))
    limited = next(fault for fault in told.faults if fault.slug == "rate-limited")
    assert {family: answer.code for family, answer in limited.families.items()} == {
        "000": "RATE_LIMIT_EXCEEDED",
        "001": "1006",
        "002": "请求过于频繁，请稍后重试",
        "003": "rate_limited",
        "004": "E007",
    }
    assert told.retry.retryable
    assert told.details["properties"]["reset"]["format"] == "date-time"


def _details(family: Family, body: dict[str, object]) -> dict[str, object]:
    """Where a family tells details."""
    match family:
        case "000" | "004":
            error = body["error"]
            assert isinstance(error, dict)
            return dict(error["details"])
        case "001":
            details = body["details"]
            assert isinstance(details, dict)
            return details
        case _:
            return body
