"""The entrance of the SDK."""

from types import TracebackType
from typing import Self

from eulermaker.client.accounts import Audit, Keys, Users
from eulermaker.client.alerts import Alerts
from eulermaker.client.auth import Auth
from eulermaker.client.builds import Builds
from eulermaker.client.containers import Containers
from eulermaker.client.events import Events
from eulermaker.client.images import Images
from eulermaker.client.monitor import ErrorMonitor
from eulermaker.client.notifications import Notifications
from eulermaker.client.probes import Probes
from eulermaker.client.reports import Errors
from eulermaker.client.repositories import Repositories
from eulermaker.client.retry import Retry
from eulermaker.client.system import System
from eulermaker.client.terminals import Terminals
from eulermaker.client.tokens import MemoryTokens, Tokens, TokenStore
from eulermaker.client.transport import Transport
from eulermaker.client.wire import Wire


class Client:
    """A client of one server, as one user; safe to share between threads.

    Give a `token`, or `username` and `password` to sign in when first needed, or a `store` that keeps the
    tokens elsewhere. `timeout` bounds each wait for the server, in seconds; `language` is what its
    messages shall be in. A `monitor` is told of every error, those that are made good by another attempt
    among them.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None = None,
        username: str | None = None,
        password: str | None = None,
        store: TokenStore | None = None,
        timeout: float = 30.0,
        retries: Retry | None = None,
        language: str | None = None,
        monitor: ErrorMonitor | None = None,
    ) -> None:
        retry = retries or Retry()
        kept = store or MemoryTokens(Tokens(token) if token else None)
        self._wire = Wire(base_url, timeout=timeout, language=language, monitor=monitor)
        self.auth = Auth(self._wire, kept, retry, username=username, password=password)
        transport = Transport(self.auth, self._wire, retry)
        self.builds = Builds(transport)
        self.containers = Containers(transport)
        self.images = Images(transport)
        self.terminals = Terminals(transport)
        self.events = Events(transport)
        self.probes = Probes(transport)
        self.repositories = Repositories(transport)
        self.alerts = Alerts(transport)
        self.notifications = Notifications(transport)
        self.system = System(transport)
        self.errors = Errors(transport)
        self.users = Users(transport)
        self.keys = Keys(transport)
        self.audit = Audit(transport)

    def close(self) -> None:
        """Closes the connections."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
