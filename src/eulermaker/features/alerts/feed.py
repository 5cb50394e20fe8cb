"""What happens to alerts, live, in every process: each follows the events of the database."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import anyio
import structlog
from pydantic_core import to_json

from eulermaker.features.alerts.schemas import Event
from eulermaker.features.alerts.store import AlertStore
from eulermaker.kernel.database import Database
from eulermaker.kernel.followers import Follower, Followers
from eulermaker.kernel.supervise import Nudge, whenever

log = structlog.get_logger("eulermaker.alerts")

#: Frames that wait for one follower; a slower one misses some, and is told how many.
BACKLOG = 1000
LOOK_SECONDS = 1.0
AT_ONCE = 500
#: A number is given before its transaction ends: one that is missing may still come for this time.
MISSING_SECONDS = 30.0
MAX_MISSING = 1000


class Feed:
    """Hands events to followers, and waits for nobody."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._followers: Followers[Event] = Followers(_written, backlog=BACKLOG)
        self._nudge = Nudge()
        self._seq: int | None = None
        self._missing: dict[int, float] = {}

    def follow(self, wants: Callable[[Event], bool]) -> AbstractContextManager[Follower[Event]]:
        """Follow what happens from now on; frames are `{"type":"alert","event":…, …}`."""
        return self._followers.follow(wants)

    def wake(self) -> None:
        """Look at once for what was committed just now."""
        self._nudge.give()

    async def run(self) -> None:
        """Service: follow the events."""
        await whenever(self._nudge, LOOK_SECONDS, self._look)

    async def _look(self) -> bool:
        """Tell what is new; tells whether there may be more."""
        async with self._database.read() as connection:
            store = AlertStore(connection)
            if self._seq is None:
                self._seq = await store.last_seq()
                return False
            events = await store.events_after(self._seq, also=list(self._missing), limit=AT_ONCE)
        self._note(events)
        self._followers.tell(events)
        return len(events) == AT_ONCE

    def _note(self, events: list[Event]) -> None:
        assert self._seq is not None
        now = anyio.current_time()
        self._missing = {seq: until for seq, until in self._missing.items() if until > now}
        for event in events:
            self._missing.pop(event.seq, None)
            absent = range(max(self._seq + 1, event.seq - MAX_MISSING), event.seq)
            self._missing |= dict.fromkeys(absent, now + MISSING_SECONDS)
            self._seq = max(self._seq, event.seq)
        while len(self._missing) > MAX_MISSING:
            del self._missing[next(iter(self._missing))]


def _written(event: Event) -> str:
    return to_json(event.frame).decode()
