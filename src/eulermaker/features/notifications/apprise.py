"""Everything else that apprise speaks, each message by a process of its own."""

import json
import sys
from typing import Any

import anyio

from eulermaker.features.notifications.http import shown
from eulermaker.features.notifications.messages import Text
from eulermaker.features.notifications.schemas import AppriseConfig
from eulermaker.kernel.outbox import SENT, Outcome
from eulermaker.kernel.settings import Outbound

CHILD = "eulermaker.features.notifications.apprise_child"
AT_ONCE = 2
CHECK_SECONDS = 20.0
#: A child needs no settings and no secrets but those of its order.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


class Apprise:
    """Runs apprise in processes that are ended at their deadline, two at a time."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._places = anyio.Semaphore(AT_ONCE)

    async def bad_url(self, urls: list[str]) -> int | None:
        """Which of the URLs is the first that apprise does not understand; raises TimeoutError."""
        with anyio.fail_after(CHECK_SECONDS):
            told = await self._run({"action": "check", "urls": urls, "loopback": False})
        if told is None:
            return 0
        at = told["at"]
        return None if at is None else int(at)

    async def send(self, config: AppriseConfig, *, text: Text, loopback: bool) -> Outcome:
        """Send the text; the deadline is the caller's. `loopback` opens this host's own services."""
        told = await self._run(
            {
                "action": "send",
                "urls": config.urls,
                "title": text.title,
                "text": text.text,
                "loopback": loopback,
            }
        )
        if told is None:
            return Outcome("again", "apprise-failed", "the process ended without an answer")
        if told["at"] is not None:
            return Outcome("dead", "apprise-url-refused", f"apprise does not understand URL {told['at'] + 1}")
        return SENT if told["ok"] else Outcome("again", "apprise-failed", _without(told["told"], config.urls))

    async def _run(self, order: dict[str, Any]) -> dict[str, Any] | None:
        order |= {
            "refused": list(self._outbound.refused_networks),
            "allowed": list(self._outbound.allowed_networks),
        }
        async with self._places:
            # Cancelled at the deadline, this ends the process.
            done = await anyio.run_process(
                [sys.executable, "-m", CHILD],
                input=json.dumps(order).encode(),
                check=False,
                env=ENVIRONMENT,
            )
        try:
            answer: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            return None
        return answer


def _without(text: str, urls: list[str]) -> str:
    """What apprise said, unless it repeats a part of what is secret."""
    parts = {
        part for url in urls for part in url.replace("?", "/").replace("@", "/").split("/") if len(part) > 5
    }
    return "apprise could not send it" if any(part in text for part in parts) else shown(text)
