"""The catalogue: each entry says the same in both languages, and a fault never tells its cause."""

import re
from string import Formatter

import pytest

from eulermaker.features.errors.catalogue import catalogue
from eulermaker.kernel.faults import Catalogue, Entry, Fault, FieldError, InvalidFields, Kind

ENTRIES = list(catalogue())
BUSY = Entry("busy", Kind.LIMITED, zh="{who} 太忙", en="{who} is busy", retry_after=3)


def facts_in(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def told_in_any_language(sentence: str) -> set[str]:
    """The facts; one that is worded itself has a name for each language."""
    return {name.removesuffix("_zh").removesuffix("_en") for name in facts_in(sentence)}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.slug)
def test_an_entry_is_told_in_both_languages_with_the_same_facts(entry: Entry) -> None:
    assert told_in_any_language(entry.zh) == told_in_any_language(entry.en)
    assert re.search(r"[\u4e00-\u9fff]", entry.zh)
    assert not re.search(r"[\u4e00-\u9fff]", entry.en)
    facts = dict.fromkeys(facts_in(entry.zh), "{x}")
    assert entry.sentence("zh", facts).count("{x}") >= len(facts)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.slug)
def test_what_may_be_retried_says_when(entry: Entry) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", entry.slug)
    # How long a limit lasts is known only when it is reached.
    assert not entry.retryable or entry.retry_after or entry.kind is Kind.LIMITED


def test_a_slug_is_declared_once() -> None:
    with pytest.raises(ValueError, match="declared twice: busy"):
        Catalogue([BUSY, BUSY])
    both = Catalogue([BUSY, *ENTRIES])
    assert [entry.slug for entry in both] == ["busy", *(entry.slug for entry in ENTRIES)]
    assert both["busy"] is BUSY


def test_a_fault_carries_its_facts_and_details() -> None:
    fault = BUSY(who="the queue", details={"limit": 3})
    assert (fault.message("zh"), fault.message("en")) == ("the queue 太忙", "the queue is busy")
    assert str(fault) == "the queue is busy"
    assert fault.details == {"limit": 3}
    assert fault.retry_after == 3
    assert BUSY(who="it", retry_after=0).retry_after == 0


def test_the_cause_is_kept_but_not_told() -> None:
    with pytest.raises(Fault) as raised:
        raise BUSY(who="it") from ValueError("postgresql://secret@host")
    fault = raised.value
    assert "secret" not in fault.message("en") + fault.message("zh") + str(fault)
    assert isinstance(fault.__cause__, ValueError)


def test_refused_fields_keep_their_reasons() -> None:
    fault = InvalidFields.one("name", zh="不能为空", en="must not be empty")
    assert fault.entry.slug == "invalid-request"
    assert fault.errors == (FieldError("name", "不能为空", "must not be empty", ("body", "name")),)
    assert [error.sentence("en") for error in fault.errors] == ["must not be empty"]
    assert [error.sentence("zh") for error in fault.errors] == ["不能为空"]
