"""Pages of the live view, written once and answered again until something changes."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic_core import to_json

from eulermaker.engines.containers import Container, Status
from eulermaker.features.containers import shown
from eulermaker.features.containers.view import LiveView
from eulermaker.kernel.call import Role
from eulermaker.kernel.ownership import OWNER, TENANT
from eulermaker.kernel.paging import Page

Key = TypeVar("Key")
Value = TypeVar("Value")

MAX_PAGES = 512
MAX_DETAILS = 512
MAX_VIEWERS = 64

#: Tenant, user and role: what decides which containers somebody may see.
Whose = tuple[str, str, Role]
Sees = Callable[[Mapping[str, str]], bool]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which containers are wanted; None for any. `label` is `name` or `name=value`."""

    status: Status | None = None
    name: str | None = None
    image: str | None = None
    label: str | None = None

    def of(self, containers: Sequence[Container]) -> Sequence[Container]:
        """Those of the containers that are wanted."""
        found = containers
        if (status := self.status) is not None:
            found = [c for c in found if c.status is status]
        if (name := self.name) is not None:
            found = [c for c in found if name in c.name]
        if (image := self.image) is not None:
            found = [c for c in found if image in c.image]
        if (label := self.label) is not None:
            found = [c for c in found if _has_label(c.labels, label)]
        return found


class Lists:
    """The pages that were asked for since the view last changed.

    A change costs one look at all containers for each who asks, and one page for each page that is
    asked for again; the containers on it that did not change are not written again.
    """

    def __init__(self, view: LiveView) -> None:
        self._view = view
        self._version = -1
        self._pages = _Recent[tuple[Whose, Filter, Page], bytes](MAX_PAGES)
        self._visible = _Recent[Whose, Sequence[Container]](MAX_VIEWERS)
        self._summaries: dict[str, tuple[Container, bytes]] = {}

    def page(self, asked: tuple[Whose, Filter, Page], sees: Sees) -> bytes:
        """The page as JSON; `sees` tells by its labels whether a container may be seen."""
        if self._version != self._view.version:
            self._version = self._view.version
            self._pages.clear()
            self._visible.clear()
        written = self._pages.get(asked)
        if written is None:
            whose, wanted, page = asked
            written = self._write(wanted.of(self._seen_by(whose, sees)), page)
            self._pages.keep(asked, written)
        return written

    def _seen_by(self, whose: Whose, sees: Sees) -> Sequence[Container]:
        found = self._visible.get(whose)
        if found is None:
            found = _visible(self._view.newest_first(), sees)
            self._visible.keep(whose, found)
        return found

    def _write(self, found: Sequence[Container], page: Page) -> bytes:
        if len(self._summaries) > 2 * len(self._view.newest_first()) + MAX_PAGES:
            # Most of them are of containers that are gone.
            self._summaries.clear()
        listed = b",".join(self._summary(c) for c in found[page.offset : page.offset + page.limit])
        told = (len(found), page.limit, page.offset)
        return b'{"containers":[' + listed + b'],"total":%d,"limit":%d,"offset":%d}' % told

    def _summary(self, container: Container) -> bytes:
        known = self._summaries.get(container.id)
        if known is not None and known[0] is container:
            return known[1]
        written = to_json(shown.summary(container))
        self._summaries[container.id] = container, written
        return written


class Details:
    """The details that were asked for; those of containers that did not change are not written again."""

    def __init__(self) -> None:
        self._written = _Recent[str, tuple[Container, bytes]](MAX_DETAILS)

    def of(self, container: Container) -> bytes:
        """Everything about the container, as JSON."""
        known = self._written.get(container.id)
        if known is not None and known[0] is container:
            return known[1]
        written = to_json(shown.detail(container))
        self._written.keep(container.id, (container, written))
        return written


class _Recent(Generic[Key, Value]):
    """Keeps at most so many values; the oldest give way."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self.get = self._kept.get
        self.clear = self._kept.clear

    def keep(self, key: Key, value: Value) -> None:
        """Keep one more."""
        self._kept[key] = value
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)


def _visible(containers: Sequence[Container], sees: Sees) -> Sequence[Container]:
    # What may be seen is told by two labels, which are the same for nearly all.
    known: dict[tuple[str | None, str | None], bool] = {}
    found: list[Container] = []
    for container in containers:
        labels = container.labels
        owner = labels.get(OWNER), labels.get(TENANT)
        may_see = known.get(owner)
        if may_see is None:
            may_see = known[owner] = sees(labels)
        if may_see:
            found.append(container)
    return found


def _has_label(labels: Mapping[str, str], wanted: str) -> bool:
    name, equals, value = wanted.partition("=")
    return name in labels and (not equals or labels[name] == value)
