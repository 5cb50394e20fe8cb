"""Passwords: how they are hashed, and which are taken."""

import anyio
from anyio import to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from eulermaker.kernel.ids import new_secret

MIN_LENGTH = 8
MAX_LENGTH = 1024
#: In place of a hash: the account signs in by other means.
NO_PASSWORD = "!"  # noqa: S105  # no password is the point of it


class Passwords:
    """Argon2id (RFC 9106) off the event loop, two at a time: each costs 19 MiB and a core."""

    def __init__(self) -> None:
        # OWASP's parameters: 19 MiB, two passes, one lane.
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._limiter = anyio.CapacityLimiter(2)
        self._decoy = self._hasher.hash(new_secret())

    async def hash(self, password: str) -> str:
        """The hash to store."""
        return await to_thread.run_sync(self._hasher.hash, password, limiter=self._limiter)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password is right; an unknown account costs as much as a known one."""
        return await to_thread.run_sync(self._verify, stored, password, limiter=self._limiter)

    def _verify(self, stored: str | None, password: str) -> bool:
        known = stored if stored and stored != NO_PASSWORD else None
        try:
            self._hasher.verify(known or self._decoy, password)
        except (VerificationError, InvalidHashError):
            return False
        return known is not None


def too_plain(password: str, *, names: tuple[str, ...]) -> bool:
    """Whether a password is guessed at once: hardly any characters, or a name of its owner."""
    return len(set(password)) < 3 or password.casefold() in {name.casefold() for name in names if name}
