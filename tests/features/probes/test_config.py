"""Configurations: the documented ones, every refusal with its field, and the secrets among them."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError, field_validator

from eulermaker.features.probes.config import (
    CONFIGS,
    Http,
    ProbeType,
    Tcp,
    joined,
    read,
    split,
    status_range,
    type_of,
)
from eulermaker.kernel.sealing import MASK
from eulermaker.kernel.validation import field_errors

URL = "http://localhost:8080/health"
DOCUMENTED: list[tuple[ProbeType, dict[str, Any]]] = [
    (
        "http",
        {
            "url": URL,
            "method": "GET",
            "timeout": 5,
            "interval": 30,
            "retries": 3,
            "success_threshold": 1,
            "failure_threshold": 3,
            "headers": {"User-Agent": "EulerMaker-Probe"},
        },
    ),
    ("http", {"url": URL, "method": "GET", "timeout": 5, "expected_status": 200}),
    ("tcp", {"host": "localhost", "port": 3306, "timeout": 5}),
    ("exec", {"command": ["cat", "/tmp/healthy"], "timeout": 10}),
    ("metrics", {"metrics": ["cpu", "memory", "disk", "network"], "interval": 10}),
]
REFUSED: list[tuple[ProbeType, dict[str, Any], str]] = [
    ("http", {}, "config.url"),
    ("http", {"url": "ftp://localhost/"}, "config.url"),
    ("http", {"url": "localhost:8080"}, "config.url"),
    ("http", {"url": "http://"}, "config.url"),
    ("http", {"url": "http://localhost:0/"}, "config.url"),
    ("http", {"url": "http://localhost:65536/"}, "config.url"),
    ("http", {"url": "http://a b/"}, "config.url"),
    ("http", {"url": "http://x\r\nHost: y/"}, "config.url"),
    ("http", {"url": "http://ann:pw@localhost/"}, "config.url"),
    ("http", {"url": "http://a..b/"}, "config.url"),
    ("http", {"url": "http://127.1/"}, "config.url"),
    ("http", {"url": "http://2130706433/"}, "config.url"),
    ("http", {"url": "http://[::1/"}, "config.url"),
    ("http", {"url": URL, "interval": 0}, "config.interval"),
    ("http", {"url": URL, "interval": -1}, "config.interval"),
    ("http", {"url": URL, "interval": float("inf")}, "config.interval"),
    ("http", {"url": URL, "interval": "often"}, "config.interval"),
    ("http", {"url": URL, "timeout": 0}, "config.timeout"),
    ("http", {"url": URL, "timeout": 31}, "config.timeout"),
    ("http", {"url": URL, "interval": 2, "timeout": 3}, "config.timeout"),
    ("http", {"url": URL, "retries": -1}, "config.retries"),
    ("http", {"url": URL, "failure_threshold": 0}, "config.failure_threshold"),
    ("http", {"url": URL, "method": "FETCH"}, "config.method"),
    ("http", {"url": URL, "expected_status": 99}, "config.expected_status"),
    ("http", {"url": URL, "expected_status": "299-200"}, "config.expected_status"),
    ("http", {"url": URL, "expected_status": [200, "ok"]}, "config.expected_status"),
    ("http", {"url": URL, "expected_status": True}, "config.expected_status"),
    ("http", {"url": URL, "headers": {"X:Y": "z"}}, "config.headers"),
    ("http", {"url": URL, "headers": {"X-Y": "a\r\nb: c"}}, "config.headers"),
    ("http", {"url": URL, "headers": {"Content-Length": "1"}}, "config.headers"),
    ("http", {"url": URL, "expected_body_regex": "("}, "config.expected_body_regex"),
    ("http", {"url": URL, "expected_body_regex": r"(a)\1"}, "config.expected_body_regex"),
    ("http", {"url": URL, "expected_body_regex": "(.{0,300}x?){3}y"}, "config.expected_body_regex"),
    ("http", {"url": URL, "ca_certificates": "no PEM"}, "config.ca_certificates"),
    ("http", {"url": URL, "min_certificate_days": 3}, "config.min_certificate_days"),
    ("http", {"url": URL, "auth": {"type": "digest"}}, "config.auth"),
    ("http", {"url": URL, "auth": {"type": "bearer", "token": "a b"}}, "config.auth.bearer.token"),
    ("http", {"url": URL, "expected_status_code": 200}, "config.expected_status_code"),
    ("tcp", {"host": "localhost"}, "config.port"),
    ("tcp", {"port": 0}, "config.port"),
    ("tcp", {"port": 65_536}, "config.port"),
    ("tcp", {"host": "", "port": 1}, "config.host"),
    ("tcp", {"host": "http://x", "port": 1}, "config.host"),
    ("tcp", {"port": 1, "expect": "["}, "config.expect"),
    ("exec", {}, "config.command"),
    ("exec", {"command": []}, "config.command"),
    ("exec", {"command": [""]}, "config.command"),
    ("exec", {"command": "true"}, "config.command"),
    ("exec", {"command": ["true"], "expected_exit_code": 256}, "config.expected_exit_code"),
    ("exec", {"command": ["true"], "environment": {"A=B": "c"}}, "config.environment.A=B"),
    ("metrics", {"metrics": []}, "config.metrics"),
    ("metrics", {"metrics": ["gpu"]}, "config.metrics.0"),
    ("metrics", {"metrics": ["cpu"], "thresholds": {"gpu": 1}}, "config.thresholds.gpu"),
    ("metrics", {"metrics": ["cpu"], "thresholds": {"memory": 1}}, "config.thresholds"),
    ("metrics", {"metrics": ["cpu"], "thresholds": {"cpu": {}}}, "config.thresholds.cpu"),
    ("metrics", {"metrics": ["cpu"], "thresholds": {"cpu": {"min": 2, "max": 1}}}, "config.thresholds.cpu"),
    ("dns", {"name": "a b"}, "config.name"),
    ("dns", {"name": "a", "server": "dns.example"}, "config.server"),
    ("dns", {"name": "a", "server": "192.0.2.1:0"}, "config.server"),
    ("dns", {"name": "a", "record_type": "ANY"}, "config.record_type"),
    ("icmp", {"count": 0}, "config.count"),
    ("icmp", {"max_loss": 100}, "config.max_loss"),
    ("tls", {"port": -1}, "config.port"),
    ("log", {}, "config.pattern"),
    ("log", {"pattern": "*"}, "config.pattern"),
    ("log", {"pattern": "x", "expect": "maybe"}, "config.expect"),
    ("push", {"interval": 0}, "config.interval"),
    ("push", {"grace": -1}, "config.grace"),
]


class Body(BaseModel):
    """A body with a configuration in it, as the API has one."""

    probe_type: ProbeType
    config: Any

    @field_validator("config", mode="plain")
    @classmethod
    def _config(cls, value: Any, info: Any) -> Any:
        return read(info.data["probe_type"], value)


def refusals(probe_type: str, config: Any) -> list[str]:
    """The fields that are refused; each refusal has a sentence in both languages."""
    with pytest.raises(ValidationError) as raised:
        Body(probe_type=probe_type, config=config)  # type: ignore[arg-type]  # pydantic checks it
    found = field_errors(
        [{**error, "loc": ("body", *error["loc"])} for error in raised.value.errors(include_url=False)]
    )
    assert all(error.zh and error.en and not error.zh.startswith("无效：") for error in found), found
    return [error.field for error in found]


@pytest.mark.parametrize(("probe_type", "config"), DOCUMENTED)
def test_the_documented_configurations(probe_type: ProbeType, config: dict[str, Any]) -> None:
    made = read(probe_type, config)
    assert type_of(made) == probe_type
    shown, secrets = split(made)
    assert secrets == {}
    assert {name: shown[name] for name in config} == config
    assert read(probe_type, shown) == made


@pytest.mark.parametrize(("probe_type", "config", "field"), REFUSED)
def test_refusals_name_the_field(probe_type: str, config: dict[str, Any], field: str) -> None:
    assert refusals(probe_type, config) == [field]


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert refusals("tcp", {"port": 0, "interval": 0, "nonsense": 1}) == [
        "config.interval",
        "config.port",
        "config.nonsense",
    ]


@pytest.mark.parametrize("probe_type", CONFIGS)
def test_no_type_takes_anything_but_an_object(probe_type: str) -> None:
    assert refusals(probe_type, []) == ["config"]


def test_a_short_interval_shortens_a_timeout_that_nobody_asked_for() -> None:
    assert Tcp(port=1, interval=2).timeout == 2
    assert Tcp(port=1).timeout == 5


def test_a_check_ends_within_its_interval() -> None:
    assert Tcp(port=1, interval=10, timeout=2, retries=1).budget == 4
    assert Tcp(port=1, interval=10, timeout=5, retries=9).budget == 10


def test_status_ranges() -> None:
    assert [status_range(one) for one in (200, "204", "2xx", "5XX", "200-299")] == [
        (200, 200),
        (204, 204),
        (200, 299),
        (500, 599),
        (200, 299),
    ]


def test_secrets_are_taken_out_and_put_back() -> None:
    made = Http(
        url=URL,
        headers={"Authorization": "a", "X-Api~Key": "b", "Accept": "c"},
        auth={"type": "basic", "username": "ann", "password": "d"},  # type: ignore[arg-type]  # and this
    )
    shown, secrets = split(made)
    assert secrets == {"/headers/Authorization": "a", "/headers/X-Api~0Key": "b", "/auth/password": "d"}
    assert shown["headers"] == {"Authorization": MASK, "X-Api~Key": MASK, "Accept": "c"}
    assert shown["auth"] == {"type": "basic", "username": "ann", "password": MASK}
    assert read("http", joined(shown, secrets)) == made
    changed = {**shown, "headers": {"Authorization": "new", "X-Api~Key": MASK}, "auth": None}
    again = read("http", joined(changed, secrets))
    assert isinstance(again, Http)
    assert again.headers == {"Authorization": "new", "X-Api~Key": "b"}
    assert again.auth is None


def test_variables_with_secret_names_are_secret() -> None:
    made = read("exec", {"command": ["true"], "environment": {"DB_PASSWORD": "x", "LANG": "C"}})
    assert split(made)[1] == {"/environment/DB_PASSWORD": "x"}


def test_what_a_url_asks_for_is_secret_and_the_rest_of_it_is_shown() -> None:
    url = "https://example.org:8443/health?token=t%26x&full=1&plain"
    made = read("http", {"url": url})
    shown, secrets = split(made)
    assert shown["url"] == f"https://example.org:8443/health?token={MASK}&full={MASK}&{MASK}"
    assert secrets == {"/url": url}
    assert read("http", joined(shown, secrets)) == made
    # Without a query there is nothing to hide.
    assert split(read("http", {"url": URL})) == ({**split(read("http", {"url": URL}))[0], "url": URL}, {})
