"""Routes that read a query once: the same path and query mean the same each time they come."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

MAX_QUERIES = 1024
MAX_LENGTH = 1024

Answer = Callable[[Request], Awaitable[Response]]


class RepeatedRoute(APIRoute):
    """Answers what was asked before by what its endpoint has left with `repeatable`.

    Reading and checking a handful of query parameters costs more than finding a page in memory.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler that remembers."""
        read = super().get_route_handler()
        known: OrderedDict[tuple[str, bytes], Answer] = OrderedDict()

        async def handle(request: Request) -> Response:
            asked = request.scope["path"], request.scope["query_string"]
            answer = known.get(asked)
            if answer is not None:
                return await answer(request)
            response = await read(request)
            answer = request.scope.pop("repeatable", None)
            if answer is not None and len(asked[0]) + len(asked[1]) <= MAX_LENGTH:
                known[asked] = answer
                if len(known) > MAX_QUERIES:
                    known.popitem(last=False)
            return response

        return handle


async def repeatable(request: Request, answer: Answer) -> Response:
    """Answer, now and whenever the same is asked again; whoever asks has to be asked for in `answer`.

    What it depends on beside the request's path and query it takes from the request it is given.
    """
    request.scope["repeatable"] = answer
    return await answer(request)
