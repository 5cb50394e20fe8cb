"""Redis, where processes share what they count; one that is away is never waited for twice."""

import os
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any

import anyio
import structlog

log = structlog.get_logger("eulermaker.redis")

ANSWER_SECONDS = 0.5
LOOK_SECONDS = 1.0
CONNECTIONS = 64
PREFIX = "eulermaker:"

Arguments = list[int | str]

# Times are Redis' own, in microseconds: processes on several hosts share no other clock.
_NOW = "local told = redis.call('TIME'); local now = told[1] * 1000000 + told[2]\n"
_COUNT = (
    _NOW
    + """
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local used = redis.call('ZCARD', KEYS[1])
local allowed = used < limit and 1 or 0
if allowed == 1 then
  redis.call('ZADD', KEYS[1], now, ARGV[3])
  redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
  used = used + 1
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return {allowed, limit - used, oldest[2] + window - now}
"""
)
_TAKE = (
    _NOW
    + """
local limit, lease = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= limit then return 0 end
redis.call('ZADD', KEYS[1], now + lease, ARGV[3])
redis.call('PEXPIRE', KEYS[1], math.ceil(lease / 1000))
return 1
"""
)
_RENEW = (
    _NOW
    + """
local lease = tonumber(ARGV[1])
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now + lease, ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], math.ceil(lease / 1000))
"""
)


class RedisAway(Exception):
    """Redis did not answer in time, or not well."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What counting in a window told; `wait` in seconds."""

    allowed: bool
    remaining: int
    wait: float


class Redis:
    """One Redis; every method raises RedisAway, and `run` finds out when it is back."""

    def __init__(self, url: str) -> None:
        # Here, since most servers have no Redis, and a start without is 40 ms and 6 MiB less.
        from redis.asyncio import BlockingConnectionPool
        from redis.asyncio import Redis as Client
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
        from redis.exceptions import RedisError

        self._troubles = (RedisError, OSError, TimeoutError)
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=ANSWER_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            # One who waits for an answer gets it from this process rather than late.
            retry=Retry(NoBackoff(), 0),
        )
        self._client = Client.from_pool(pool)
        self._count = self._client.register_script(_COUNT)
        self._take = self._client.register_script(_TAKE)
        self._renew = self._client.register_script(_RENEW)
        # Unique over processes, as the members of a sorted set have to be.
        self._process = os.urandom(6).hex()
        self._serial = count()
        #: Whether it answered when it was last asked.
        self.available = True

    async def run(self) -> None:
        """Service: look again and again whether Redis answers."""
        while True:
            try:
                with anyio.fail_after(2 * ANSWER_SECONDS):
                    await self._client.ping()
            except self._troubles as error:
                self._lost(error)
            else:
                if not self.available:
                    log.info("redis.back")
                self.available = True
            await anyio.sleep(LOOK_SECONDS)

    async def count(self, key: str, *, limit: int, seconds: float) -> Counted:
        """Count one more under the key, if fewer than `limit` were counted in the last `seconds`."""
        member = f"{self._process}:{next(self._serial)}"
        arguments: Arguments = [limit, round(seconds * 1_000_000), member]
        allowed, remaining, wait = await self._answer(self._count([f"{PREFIX}rate:{key}"], arguments))
        return Counted(bool(allowed), remaining, wait / 1_000_000)

    async def take(self, key: str, member: str, *, limit: int, seconds: float) -> bool:
        """Add a member for `seconds`, if there are fewer than `limit`; tells whether it was added."""
        arguments: Arguments = [limit, round(seconds * 1_000_000), member]
        return bool(await self._answer(self._take([f"{PREFIX}held:{key}"], arguments)))

    async def renew(self, key: str, members: Iterable[str], *, seconds: float) -> None:
        """Keep the members for another `seconds`, also those that Redis has lost."""
        arguments: Arguments = [round(seconds * 1_000_000), *members]
        await self._answer(self._renew([f"{PREFIX}held:{key}"], arguments))

    async def give_back(self, key: str, member: str) -> None:
        """Remove a member."""
        await self._answer(self._client.zrem(f"{PREFIX}held:{key}", member))

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()
        await self._client.connection_pool.disconnect()

    async def _answer(self, asked: Awaitable[Any]) -> Any:
        try:
            return await asked
        except self._troubles as error:
            self._lost(error)
            raise RedisAway from error

    def _lost(self, error: Exception) -> None:
        if self.available:
            log.warning("redis.away", cause=repr(error), counting="in this process")
        self.available = False
