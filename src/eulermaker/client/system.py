"""The state of the server itself."""

from eulermaker.client.models import Health, parse
from eulermaker.client.transport import Transport
from eulermaker.client.wire import Call


class System:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def health(self) -> Health:
        """How the server and what it depends on are doing."""
        return parse(Health, self._transport.data(Call(method="GET", path="/system/health")))
