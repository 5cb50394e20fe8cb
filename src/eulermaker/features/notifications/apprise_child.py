"""A process that sends one message with apprise: `python -m` this, JSON in on stdin, JSON out.

In: `{"action": "check"|"send", "urls": […], "title", "text", "loopback": bool, "refused": […],
"allowed": […]}`; out: `{"ok": bool, "told": str, "at": index of the first bad URL}`.

Only a process can be ended at a deadline, and only here can every connection be looked at, whatever
library opens it, after names are resolved and redirects are followed.
"""

import json
import logging
import socket
import sys
from typing import Any

from eulermaker.kernel.addresses import AddressPolicy

#: Those that speak to the machine they run on instead of to people.
LOCAL = frozenset({"dbus", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"})
MAX_TOLD = 300


class _Told(logging.Handler):
    """Keeps what apprise says of its troubles."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def _guard(policy: AddressPolicy, *, loopback: bool) -> None:
    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            return
        opened, address = arguments[0], arguments[1]
        if opened.family not in (socket.AF_INET, socket.AF_INET6):
            raise ConnectionRefusedError("only connections over IP are possible here")
        if address is None:
            return
        try:
            reason = policy.refused(address[0], loopback=loopback)
        except ValueError:
            # A name, which would be looked up after we have looked.
            reason = "connections are made to addresses"
        if reason is not None:
            raise ConnectionRefusedError(f"{address[0]}: {reason}")

    sys.addaudithook(look)


def _bad(urls: list[str]) -> int | None:
    from apprise import Apprise

    for at, url in enumerate(urls):
        if url.split(":", 1)[0].lower() in LOCAL or Apprise.instantiate(url) is None:
            return at
    return None


def _send(urls: list[str], *, title: str, text: str) -> bool:
    from apprise import Apprise

    speaker = Apprise()
    return bool(speaker.add(urls)) and bool(speaker.notify(body=text or title, title=title if text else ""))


def main() -> None:
    """Read one order, carry it out, tell what came of it."""
    order = json.load(sys.stdin)
    told = _Told()
    logging.getLogger().addHandler(told)
    _guard(AddressPolicy(refused=order["refused"], allowed=order["allowed"]), loopback=order["loopback"])
    at = _bad(order["urls"])
    ok = at is None
    if ok and order["action"] == "send":
        ok = _send(order["urls"], title=order["title"], text=order["text"])
    json.dump({"ok": ok, "at": at, "told": " ".join(told.lines)[:MAX_TOLD]}, sys.stdout)


if __name__ == "__main__":
    main()
