"""`eulermaker alerts …` and `eulermaker notifications …` against the real server and a real receiver."""

import json
from pathlib import Path

import pytest

from tests.e2e.test_command_line import Terminal
from tests.features.notifications.receivers import receiver
from tests.server import ServerProcess, free_port, own_name


@pytest.fixture
def terminal(shared_server: ServerProcess, tmp_path: Path) -> Terminal:
    """A signed-in user."""
    return Terminal(tmp_path, shared_server.url)


def test_an_alert_from_its_first_message_to_its_end(terminal: Terminal) -> None:
    name = own_name("cli-alert")
    with receiver() as hook:
        only = ("--selector", f"only={name}")
        told = terminal.run("notifications", "channels", "add", "webhook", name, hook.url, *only)
        assert "Its secret is whsec_" in told
        [channel] = [
            one["id"]
            for one in terminal.read("notifications", "channels", "list", "--limit", "100")["channels"]
            if one["name"] == name
        ]
        assert name in terminal.run("notifications", "channels", "list", "--limit", "100")
        assert "whsec_" not in terminal.run("notifications", "channels", "show", channel)
        assert "Delivered in" in terminal.run("notifications", "channels", "test", channel)
        hook.wait(1)

        # What is switched off keeps its secret.
        assert terminal.run("notifications", "channels", "disable", channel).endswith(": disabled\n")
        assert terminal.read("notifications", "channels", "enable", channel)["enabled"] is True
        fast = ("--set", "failure_threshold=1", "--interval", "3600", "--label", f"only={name}")
        probe = terminal.read("probes", "add", "tcp", name, f"127.0.0.1:{free_port()}", *fast)["id"]
        firing = hook.wait(2)[1]
        assert firing.json["event"] == "alert.firing"
        [alert] = [one["id"] for one in terminal.read("alerts", "list", "--probe", probe)["alerts"]]
        assert firing.json["alert"]["id"] == alert
        assert name in terminal.run("alerts", "list", "--probe", probe)
        assert terminal.run("alerts", "ack", alert, "-m", "on it") == f"Alert {alert}: acknowledged\n"
        shown = terminal.run("alerts", "show", alert)
        assert "on it" in shown
        assert "connection refused" in shown
        assert terminal.read("alerts", "resolve", alert)["resolution"] == "hand"
        assert terminal.read("alerts", "list", "--probe", probe)["total"] == 0
        assert terminal.read("alerts", "list", "--probe", probe, "--status", "all")["total"] == 1

        of_it = ("--channel", channel)
        deliveries = terminal.read("notifications", "deliveries", "list", *of_it)["deliveries"]
        assert deliveries[-1]["id"] == firing.key
        assert "alert.firing" in terminal.run("notifications", "deliveries", "list", *of_it)
        terminal.run("notifications", "deliveries", "retry", firing.key, code=5)
        assert "delivery-state-conflict" in terminal.errors
        terminal.run("probes", "rm", probe)
    assert terminal.run("notifications", "channels", "test", channel, code=5).startswith("Not delivered: ")
    assert terminal.run("notifications", "channels", "rm", channel) == f"{channel} removed\n"
    terminal.run("notifications", "channels", "show", channel, code=5)


def test_windows_and_status_pages_come_and_go(terminal: Terminal) -> None:
    name = own_name("cli-window")
    windows = ("notifications", "windows")
    times = ("--day", "6", "--day", "7", "--at", "23:00", "--minutes", "120", "--timezone", "Asia/Shanghai")
    window = terminal.read(*windows, "add", name, *times, "--selector", "team=a")
    weekly = {"days": [6, 7], "start": "23:00", "duration_minutes": 120, "timezone": "Asia/Shanghai"}
    assert window["weekly"] == weekly
    between = ("--from", "2030-01-01T00:00:00Z", "--until", "2030-01-02T00:00:00Z")
    assert "added" in terminal.run(*windows, "add", f"{name}-once", *between)
    listed = terminal.read(*windows, "list", "--limit", "100")["maintenance_windows"]
    assert {one["name"] for one in listed} >= {name, f"{name}-once"}
    assert name in terminal.run(*windows, "list", "--limit", "100")
    assert "Asia/Shanghai" in terminal.run(*windows, "show", window["id"])
    for one in listed:
        if one["name"].startswith(name):
            terminal.run(*windows, "rm", one["id"])

    pages, slug = ("notifications", "status-pages"), own_name("cli-page")
    page = terminal.read(*pages, "add", slug, "Shop", "--selector", f"page={slug}")
    assert f"/status/{slug}" in terminal.run(*pages, "list", "--limit", "100")
    assert json.loads(terminal.run(*pages, "rm", page["id"], "--json")) == {"id": page["id"], "removed": True}


def test_what_cannot_be_is_told(terminal: Terminal) -> None:
    for arguments, said in (
        (("channels", "add", "webhook", "x", "http://a", "http://b"), "one URL"),
        (("channels", "add", "webhook", "x", "ftp://a"), "config.url"),
        (("channels", "add", "pigeon", "x", "home"), "type"),
        (("windows", "add", "x"), "starts_at"),
        (("windows", "add", "x", "--day", "7"), "--minutes"),
        (("status-pages", "add", "x", "X"), "selector"),
    ):
        terminal.run("notifications", *arguments, code=2)
        assert said in terminal.errors
