"""The way to the routes: only those are tried that lie where a path leads."""

from collections.abc import Iterable, Iterator, Sequence

from starlette.routing import BaseRoute, Match, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send


class Signpost(BaseRoute):
    """Many routes in the place of one; of those that fit, more literal ones come first, then earlier ones.

    FastAPI tries all routes one after the other, included ones twice: that costs more than most answers.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self.routes = tuple(routes)
        self._start = _Junction()
        for route in self.routes:
            assert isinstance(route, Route | WebSocketRoute)
            self._start.lead(route.path.split("/"), route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The first route that takes the request; else the first that takes its path."""
        partial: Scope | None = None
        for route in self._start.towards(scope["path"].split("/")):
            match, found = route.matches(scope)
            if match is Match.NONE:
                continue
            # FastAPI's own routes say so themselves, others do not.
            found["route"] = route
            if match is Match.FULL:
                return match, found
            partial = partial or found
        return (Match.NONE, {}) if partial is None else (Match.PARTIAL, partial)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go where the match has pointed."""
        await scope["route"].handle(scope, receive, send)


class _Junction:
    """A place in the paths, and the ways on from it."""

    __slots__ = ("_beyond", "_here", "_parameter", "_ways")

    def __init__(self) -> None:
        self._ways: dict[str, _Junction] = {}
        self._parameter: _Junction | None = None
        #: Routes that end here, and those that go on in a way that only they can tell.
        self._here: list[BaseRoute] = []
        self._beyond: list[BaseRoute] = []

    def lead(self, segments: Sequence[str], route: BaseRoute) -> None:
        """Let these segments of a path lead to the route."""
        if not segments:
            self._here.append(route)
            return
        segment, rest = segments[0], segments[1:]
        if "{" not in segment:
            self._ways.setdefault(segment, _Junction()).lead(rest, route)
        elif segment.startswith("{") and segment.endswith("}") and ":" not in segment:
            self._parameter = self._parameter or _Junction()
            self._parameter.lead(rest, route)
        else:
            self._beyond.append(route)

    def towards(self, segments: Sequence[str], at: int = 0) -> Iterator[BaseRoute]:
        """The routes that the segments from that one on may lead to."""
        if at == len(segments):
            yield from self._here
        else:
            if way := self._ways.get(segments[at]):
                yield from way.towards(segments, at + 1)
            if self._parameter is not None:
                yield from self._parameter.towards(segments, at + 1)
        yield from self._beyond
