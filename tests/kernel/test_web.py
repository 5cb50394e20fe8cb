"""URLs and headers that people give: what is refused, and what is shown."""

import pytest
from pydantic_core import PydanticCustomError

from eulermaker.kernel.web import headers, origin, shown_url, web_url


@pytest.mark.parametrize(
    "url",
    [
        "", "example.org", "ftp://example.org", "http://", "http:///path", "http://a b/", "http://a/\n",
        "http://user@example.org/", "http://user:pw@example.org/", "http://:pw@example.org/",
        "http://example.org:0/", "http://example.org:65536/", "http://example.org:x/", "http://[::1/",
        "file:///etc/passwd", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_what_is_no_url_of_a_web_server_is_refused(url: str) -> None:
    with pytest.raises(PydanticCustomError):
        web_url(url)


@pytest.mark.parametrize("url", ["http://example.org", "https://[::1]:8443/x?y=z#f", "http://1.2.3.4:80/"])
def test_a_url_stays_as_it_is(url: str) -> None:
    assert web_url(url) == url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://a/b", "http://a/b"),
        ("http://a/b?", "http://a/b?"),
        ("http://a/b?k=v&k=w", "http://a/b?k=********&k=********"),
        ("http://a/?key", "http://a/?********"),
        ("http://a/?a=b=c&=d", "http://a/?a=********&=********"),
        ("http://a/b?k=v#part", "http://a/b?k=********"),
        ("http://a/b#token=x", "http://a/b"),
    ],
)
def test_of_a_query_only_the_names_are_shown(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    # What is shown says nothing more when it is shown again.
    assert shown_url(shown) == shown


def test_servers_are_told_apart_by_scheme_name_and_port() -> None:
    assert origin("http://A.example/x?y") == origin("http://a.example/z")
    assert len({origin(f"{url}/x") for url in ("http://a", "https://a", "http://a:81", "http://b")}) == 4


@pytest.mark.parametrize(
    "given",
    [
        {"": "x"}, {"a b": "x"}, {"a:": "x"}, {"X\r\nY": "x"}, {"X": "a\r\nY: b"}, {"X": "\x00"},
        {"X": "\x7f"}, {"X": "é"}, {"Host": "x"}, {"HOST": "x"}, {"x" * 101: "y"},
    ],
)  # fmt: skip
def test_headers_that_cannot_be_sent_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(PydanticCustomError):
        headers(given, ours={"host"})


def test_headers_that_can_be_sent_pass() -> None:
    headers({"X-Api-Key": "a\tb c", "Accept": ""}, ours={"host"})
