"""How often somebody may do something: an exact sliding window, here or shared through Redis."""

import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from eulermaker.kernel.faults import Answer, Entry, Kind, documented
from eulermaker.kernel.redis import Redis, RedisAway

MAX_KEYS = 8192

RATE_LIMITED = Entry(
    "rate-limited",
    Kind.LIMITED,
    zh="请求频率超过限制：每分钟最多 {limit} 次，请在 {seconds} 秒后重试",
    en="Too many requests: {limit} a minute are allowed; try again in {seconds} s",
    answers={"003": Answer(429, "rate_limited")},
    retryable=True,
)
SIGN_IN_RATE_LIMITED = Entry(
    "sign-in-rate-limited",
    Kind.LIMITED,
    zh="登录尝试过多：每分钟最多 {limit} 次，请在 {seconds} 秒后重试",
    en="Too many attempts to sign in: {limit} a minute are allowed; try again in {seconds} s",
    answers={"002": documented(429, "登录尝试过多"), "003": Answer(429, "rate_limited")},
    retryable=True,
)

ENTRIES = (RATE_LIMITED, SIGN_IN_RATE_LIMITED)


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `limit` in any `seconds`."""

    name: str
    limit: int
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one more was allowed, and counted; one that was not costs nothing.

    `wait`: seconds until the oldest one counted leaves the window, and its place is free again.
    """

    allowed: bool
    limit: int
    remaining: int
    wait: float


class Windows:
    """The counts of this process; `clock` in seconds from anywhere, never going back.

    Bounded: a key that is idle for its whole window is forgotten, and at most `max_keys` are kept,
    each with at most its quota's `limit` times. Beyond that the least recently seen key goes.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, max_keys: int = MAX_KEYS) -> None:
        self._clock = clock
        self._max_keys = max_keys
        self._times: OrderedDict[tuple[Quota, str], deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._times)

    def count(self, quota: Quota, who: str) -> Verdict:
        """Count one more of them, if the quota allows it."""
        now = self._clock()
        times = self._times_of(quota, who, now)
        while times and times[0] <= now - quota.seconds:
            times.popleft()
        allowed = len(times) < quota.limit
        if allowed:
            times.append(now)
        return Verdict(allowed, quota.limit, quota.limit - len(times), times[0] + quota.seconds - now)

    def _times_of(self, quota: Quota, who: str, now: float) -> deque[float]:
        key = quota, who
        times = self._times.get(key)
        if times is None:
            self._make_room(now)
            times = self._times[key] = deque()
        else:
            self._times.move_to_end(key)
        return times

    def _make_room(self, now: float) -> None:
        while self._times:
            (quota, _), times = next(iter(self._times.items()))
            if len(self._times) < self._max_keys and times[-1] > now - quota.seconds:
                return
            self._times.popitem(last=False)


class Limits:
    """Counts in Redis while it is there, so that limits hold over processes; else in this one."""

    def __init__(self, redis: Redis | None, *, windows: Windows | None = None) -> None:
        self._redis = redis
        self._windows = windows or Windows()

    async def count(self, quota: Quota, who: str) -> Verdict:
        """Count one more of them, if the quota allows it."""
        if self._redis is not None and self._redis.available:
            try:
                told = await self._redis.count(
                    f"{quota.name}:{who}", limit=quota.limit, seconds=quota.seconds
                )
            except RedisAway:
                return self._windows.count(quota, who)
            return Verdict(told.allowed, quota.limit, told.remaining, told.wait)
        return self._windows.count(quota, who)


def origin(address: str) -> str:
    """Whom an address stands for: itself, or its /64 where it is IPv6, which is one subscriber's."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed.packed[:8] + bytes(8), 64)))
