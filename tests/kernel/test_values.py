"""Small values: moments on the wire, identifiers, pages."""

import re
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from eulermaker.kernel.clock import rfc3339, utc_now
from eulermaker.kernel.ids import new_id, new_secret
from eulermaker.kernel.paging import DEFAULT_LIMIT, MAX_LIMIT, Page

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1), timezones=ZONES)


@given(MOMENTS)
def test_a_moment_on_the_wire_is_utc_in_milliseconds_and_sorts_as_text(moment: datetime) -> None:
    text = rfc3339(moment)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    back = datetime.fromisoformat(text)
    assert back.tzinfo == UTC
    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)
    assert rfc3339(moment + timedelta(milliseconds=1)) > text


def test_the_clock_is_in_utc() -> None:
    assert utc_now().tzinfo is UTC


def test_identifiers_say_what_they_name_and_do_not_repeat() -> None:
    made = [new_id("build") for _ in range(1000)]
    assert all(re.fullmatch(r"build_[0-9a-f]{12}", identifier) for identifier in made)
    assert len(set(made)) == 1000
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", new_secret())


def test_a_page_is_the_documented_first_one_by_default() -> None:
    assert Page() == Page(limit=20, offset=0)
    assert DEFAULT_LIMIT == 20 <= MAX_LIMIT
