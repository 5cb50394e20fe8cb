"""Who was looked up lately: what spares each request a look at the database."""

import time
from collections import OrderedDict

from eulermaker.kernel.call import Principal

KNOWN = 4096
SECONDS = 5.0


class Known:
    """Callers by session or key for up to five seconds, unless they are forgotten at once."""

    def __init__(self) -> None:
        self._callers: OrderedDict[str, tuple[float, Principal]] = OrderedDict()
        #: Changes whenever somebody is forgotten: what was read before that is not kept.
        self.generation = 0

    def get(self, key: str) -> Principal | None:
        """Who it was, if that was looked up within five seconds."""
        known = self._callers.get(key)
        return known[1] if known and known[0] > time.monotonic() else None

    def put(self, key: str, principal: Principal, *, generation: int) -> None:
        """Remember who it is, if nobody was forgotten since the generation was read."""
        if generation != self.generation:
            return
        self._callers[key] = (time.monotonic() + SECONDS, principal)
        self._callers.move_to_end(key)
        if len(self._callers) > KNOWN:
            self._callers.popitem(last=False)

    def forget(self, *, user: str = "", session: str = "") -> None:
        """Forget a user, only one session or key of them, or everybody."""
        self.generation += 1
        for key, (_, known) in list(self._callers.items()):
            if _concerns(known, user, session):
                del self._callers[key]


def _concerns(known: Principal, user: str, session: str) -> bool:
    if session:
        return session in (known.session, known.key)
    return not user or known.user == user
