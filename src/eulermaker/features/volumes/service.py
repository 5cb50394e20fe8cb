"""What the rest of the program may ask about volumes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eulermaker.engines.containers import NAME_IN_USE
from eulermaker.engines.volumes import VOLUME_IN_USE, VOLUME_NOT_FOUND, NewVolume, Volume
from eulermaker.engines.volumes import Volumes as EngineVolumes
from eulermaker.features.audit.service import Audit
from eulermaker.features.volumes import schemas
from eulermaker.features.volumes.faults import VOLUME_OPTION_REFUSED
from eulermaker.features.volumes.rules import NAME, prunable, refused_field
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.ownership import CONTAINERS, OWNER, VOLUMES, owner_labels
from eulermaker.kernel.paging import Page

MAX_NAMED = 20


@dataclass(frozen=True, slots=True)
class Prune:
    """What a prune removed, or would remove, and how many bytes that is."""

    volumes: Sequence[str]
    size: int


class Volumes:
    """The volumes of one engine, each with its owner."""

    def __init__(self, engine: EngineVolumes, audit: Audit) -> None:
        self._engine = engine
        self._audit = audit

    async def page(self, call: Call, *, name: str | None, page: Page) -> tuple[Sequence[Volume], int]:
        """One page of the volumes that the caller may see, by name, and how many there are in all."""
        call.require(Permission.VOLUMES_READ)
        found = [v for v in await self._engine.list() if VOLUMES.sees(call, v.labels)]
        if name is not None:
            found = [volume for volume in found if name in volume.name]
        found.sort(key=lambda volume: volume.name)
        return found[page.offset : page.offset + page.limit], len(found)

    async def get(self, call: Call, name: str) -> Volume:
        """The volume; raises `volume-not-found`, also for volumes that the caller may not see."""
        call.require(Permission.VOLUMES_READ)
        # What can be no name is not asked for: in an address it might mean something else.
        found = await self._engine.get(name) if NAME.fullmatch(name) else None
        if found is None or not VOLUMES.sees(call, found.labels):
            raise VOLUME_NOT_FOUND(volume=name, details={"volume": name, "resource_type": "volume"})
        return found

    async def holders(self, call: Call, name: str) -> Sequence[str]:
        """The containers that mount it, by name, as far as the caller may see them."""
        found = await self._engine.holders(name)
        return [c.name for c in found if CONTAINERS.sees(call, c.labels)][:MAX_NAMED]

    def check_policy(self, call: Call, *, driver: str, options: dict[str, str]) -> None:
        """Raise `volume-option-refused` when the caller may not make a volume of that kind."""
        field = refused_field(driver, options)
        if field is not None and not call.principal.may(Permission.CONTAINERS_UNCONFINED):
            raise VOLUME_OPTION_REFUSED(field=field, details={"field": field, "resource_type": "volume"})

    async def create(self, call: Call, wanted: schemas.NewVolume) -> Volume:
        """Create a volume of the caller's own.

        Raises `volume-option-refused`, `name-in-use` and `volume-refused`.
        """
        call.require(Permission.VOLUMES_WRITE)
        self.check_policy(call, driver=wanted.driver, options=wanted.options)
        if wanted.name is not None and await self._engine.get(wanted.name) is not None:
            raise _taken(wanted.name)
        labels = {**wanted.labels, **owner_labels(call)}
        made = await self._engine.create(NewVolume(wanted.name, wanted.driver, wanted.options, labels))
        # The engine tells of the volume that was there first when two are created at once.
        if made.labels.get(OWNER) != call.principal.user:
            raise _taken(made.name)
        await self._note(call, "volume.create", made.name)
        return made

    async def remove(self, call: Call, name: str) -> None:
        """Remove a volume with its data; raises `volume-in-use` naming the containers."""
        found = await self.get(call, name)
        VOLUMES.require_change(call, found.labels)
        if not await self._engine.remove(name):
            holders = await self.holders(call, name)
            details = {"volume": name, "resource_type": "volume", "containers": holders}
            raise VOLUME_IN_USE(volume=name, containers=", ".join(holders) or "…", details=details)
        await self._note(call, "volume.remove", name)

    async def prune(self, call: Call, *, named: bool, dry_run: bool) -> Prune:
        """Remove unused volumes that the caller may change: unnamed ones, with `named` the others too."""
        call.require(Permission.VOLUMES_WRITE)
        gone: list[str] = []
        size = 0
        for volume in prunable(await self._engine.use(), named=named):
            if VOLUMES.changes(call, volume.labels) and (dry_run or await self._removed(volume.name)):
                gone.append(volume.name)
                size += volume.size or 0
        if not dry_run:
            await self._note(call, "volume.prune", "*", count=len(gone), bytes=size)
        return Prune(gone, size)

    async def _removed(self, name: str) -> bool:
        try:
            return await self._engine.remove(name)
        except Fault as fault:
            if fault.entry is not VOLUME_NOT_FOUND:
                raise
            return False

    async def _note(self, call: Call, action: str, name: str, **details: Any) -> None:
        await self._audit.record(call, action, resource_type="volume", resource_id=name[:128], **details)


def _taken(name: str) -> Fault:
    return NAME_IN_USE(name=name, details={"name": name, "resource_type": "volume"})
