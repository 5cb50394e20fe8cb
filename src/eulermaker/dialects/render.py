"""Choose the dialect of an answer and write it: the one place where a fault becomes a response."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, get_args

from eulermaker.dialects import family_000, family_001, family_002, family_003, family_004, problem
from eulermaker.dialects.dialect import Body, Defaults, Rendering
from eulermaker.kernel.faults import Answer, Entry, Family, Fault, Kind, Language

Dialect = Literal["000", "001", "002", "003", "004", "problem"]

_DEFAULTS: Mapping[Family, Defaults] = MappingProxyType(
    {
        "000": family_000.DEFAULTS,
        "001": family_001.DEFAULTS,
        "002": family_002.DEFAULTS,
        "003": family_003.DEFAULTS,
        "004": family_004.DEFAULTS,
    }
)
_BODIES: Mapping[Dialect, Callable[[Rendering], Body]] = MappingProxyType(
    {
        "000": family_000.body,
        "001": family_001.body,
        "002": family_002.body,
        "003": family_003.body,
        "004": family_004.body,
        "problem": problem.body,
    }
)
# First match wins. `/api/v1/auth/login` is 000's and 002's at once; its route says so itself.
_FAMILY_OF_PREFIX: tuple[tuple[str, Family], ...] = (
    ("/api/v1/clusters/", "001"),
    ("/api/v1/tenant/", "002"),
    ("/api/v1/organization/", "002"),
    ("/api/v1/energy/", "002"),
    ("/api/v1/", "000"),
    ("/api/", "003"),
    ("/v1/", "004"),
)

#: Where package managers sign in, with a name and a password (RFC 7617).
_BASIC = "/repos/"


def family_of(path: str) -> Family:
    """The route family that a path belongs to; 000 for everything outside the five."""
    for prefix, family in _FAMILY_OF_PREFIX:
        if f"{path}/".startswith(prefix):
            return family
    return "000"


def answer_of(fault: Fault, family: Family) -> Answer:
    """The status and code that a family gives a fault."""
    return answer_of_entry(fault.entry, family)


def answer_of_entry(entry: Entry, family: Family) -> Answer:
    """The status and code that a family gives a catalogue entry."""
    return entry.answers.get(family) or _DEFAULTS[family][entry.kind]


def dialect_for(*, family: Family, accept: str, wanted: str) -> Dialect:
    """Which dialect to speak: `Accept` for problem+json beats `X-Error-Dialect` beats the family."""
    if any(media == problem.MEDIA_TYPE and weight > 0 for media, weight in _weighted(accept)):
        return "problem"
    for dialect in get_args(Dialect):
        if wanted == dialect:
            return dialect  # type: ignore[no-any-return]  # get_args loses the literal type
    return family


@lru_cache(maxsize=64)
def language_for(accept_language: str, default: Language) -> Language:
    """The first of zh and en by the client's weights (RFC 9110 §12.5.4), else the default."""
    best: tuple[float, Language] | None = None
    for tag, weight in _weighted(accept_language):
        primary = tag.partition("-")[0]
        language: Language | None = "zh" if primary == "zh" else "en" if primary == "en" else None
        if language and weight > 0 and (best is None or weight > best[0]):
            best = (weight, language)
    return best[1] if best else default


def _weighted(header: str) -> Iterator[tuple[str, float]]:
    """The values of an `Accept…` header with their weights (RFC 9110 §12.4.2), at most 16."""
    for item in header.lower().split(",")[:16]:
        value, *parameters = (part.strip() for part in item.split(";"))
        yield value, _weight(parameters)


def _weight(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


def prefers_html(accept: str) -> bool:
    """Whether the client would rather have a page than JSON, as browsers say (RFC 9110 §12.5.1)."""
    weights = dict(_weighted(accept))
    return weights.get("text/html", 0.0) > max(weights.get("application/json", 0.0), 0.0)


def body_in(dialect: Dialect, rendering: Rendering) -> Body:
    """The body of a fault in that dialect, in the codes of the dialect's own family.

    The status stays the route family's: the choice of a dialect never changes it.
    """
    if dialect == "problem":
        return problem.body(rendering)
    own = answer_of(rendering.fault, dialect)
    return _BODIES[dialect](replace(rendering, answer=own, family=dialect))


def headers_of(rendering: Rendering, family: Family) -> dict[str, str]:
    """The headers of every error answer; 401 and retryable answers have one more."""
    fault = rendering.fault
    headers = {
        "X-Error-Code": fault.entry.slug,
        "Content-Language": "zh" if family == "002" else rendering.language,
        "Cache-Control": "no-store",
        "Vary": "Accept, Accept-Language, X-Error-Dialect",
    }
    if rendering.answer.status == 401:
        scheme = "Basic" if rendering.path.startswith(_BASIC) else "Bearer"
        headers["WWW-Authenticate"] = f'{scheme} realm="eulermaker"'
    asked_to_wait = fault.entry.kind is Kind.LIMITED or rendering.answer.status == 429
    if fault.retry_after is not None and (fault.entry.retryable or asked_to_wait):
        headers["Retry-After"] = str(fault.retry_after)
    return headers
