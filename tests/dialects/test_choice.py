"""Which dialect and which language an answer is in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eulermaker.dialects.render import Dialect, dialect_for, family_of, language_for
from eulermaker.kernel.faults import Family, Language

PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("/api/v1/builds", "000"),
        ("/api/v1/auth/login", "000"),
        ("/ws/builds/build_1/logs", "000"),
        ("/healthz", "000"),
        ("/", "000"),
        ("/api/v1", "000"),
        ("/api/v1/clusters", "001"),
        ("/api/v1/clusters/main/pods", "001"),
        ("/api/v1/clustersize", "000"),
        ("/api/v1/tenant/1", "002"),
        ("/api/v1/organization", "002"),
        ("/api/v1/energy/readings", "002"),
        ("/api/ping", "003"),
        ("/api/auth/login", "003"),
        ("/api/agent-server/v1/users", "003"),
        ("/v1/users", "004"),
        ("/v1", "004"),
        ("/v10/users", "000"),
    ],
)
def test_the_family_of_a_path(path: str, family: Family) -> None:
    assert family_of(path) == family


@pytest.mark.parametrize(
    ("accept", "wanted", "dialect"),
    [
        ("", "", "001"),
        ("*/*", "", "001"),
        ("application/json", "004", "004"),
        ("application/json", "problem", "problem"),
        ("application/json", "005", "001"),
        (PROBLEM, "004", "problem"),
        (f"application/json, {PROBLEM}", "", "problem"),
        (f"{PROBLEM.upper()}; charset=utf-8", "000", "problem"),
        (f"application/json, {PROBLEM};q=0.1", "000", "problem"),
        (f"{PROBLEM};q=0", "000", "000"),
        (f"{PROBLEM}-seq", "", "001"),
    ],
)
def test_accept_beats_the_header_which_beats_the_family(accept: str, wanted: str, dialect: Dialect) -> None:
    assert dialect_for(family="001", accept=accept, wanted=wanted) == dialect


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", None),
        ("*", None),
        ("fr, de;q=0.9", None),
        ("en", "en"),
        ("zh", "zh"),
        ("EN-us", "en"),
        ("zh-Hans-CN", "zh"),
        ("en;q=0.3, zh;q=0.8", "zh"),
        ("zh;q=0.3, en;q=0.8", "en"),
        ("en, zh", "en"),
        ("zh;q=0.5, en;q=0.5", "zh"),
        ("fr, en;q=0.2", "en"),
        ("en;q=0, zh;q=0.1", "zh"),
        ("en;q=0", None),
        ("en; q=0.2, zh ;q=0.4", "zh"),
        ("en;level=1;q=0.9, zh;q=0.8", "en"),
        ("en;q=much", None),
        ("en;q=nan", None),
        ("enm, zha", None),
    ],
)
@pytest.mark.parametrize("default", ["zh", "en"])
def test_the_language_goes_by_the_clients_weights(
    header: str, language: Language | None, default: Language
) -> None:
    assert language_for(header, default) == (language or default)


@given(st.text())
def test_no_header_breaks_the_choice(header: str) -> None:
    assert language_for(header, "zh") in ("zh", "en")
    assert dialect_for(family="000", accept=header, wanted=header) in {
        "000",
        "001",
        "002",
        "003",
        "004",
        "problem",
    }
