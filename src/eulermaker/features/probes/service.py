"""What the rest of the program may ask of probes."""

import hashlib
from collections.abc import Mapping
from typing import Any

import anyio
from pydantic import ValidationError

from eulermaker.features.alerts.service import Alerts
from eulermaker.features.audit.service import Audit
from eulermaker.features.containers.service import Containers
from eulermaker.features.probes import rules
from eulermaker.features.probes.checks.make import refused_address
from eulermaker.features.probes.checks.target import Reaching
from eulermaker.features.probes.checks.verdict import Verdict
from eulermaker.features.probes.config import NEEDS_CONTAINER, Config, Push, joined, read, split
from eulermaker.features.probes.faults import (
    CHECK_NOT_MADE,
    PROBE_IS_PUSH,
    PROBE_NOT_FOUND,
    PROBE_NOT_PUSH,
    PUSH_NOT_FOUND,
    TOO_MANY_PROBES,
)
from eulermaker.features.probes.history import History, Range, cursor_of, milliseconds
from eulermaker.features.probes.packing import Bin, Result, details_of
from eulermaker.features.probes.recorder import Recorder
from eulermaker.features.probes.runner import ProbeRunner, target_of
from eulermaker.features.probes.schemas import (
    AddedProbe,
    Checked,
    Heartbeat,
    NewProbe,
    ProbeChanges,
    ProbeDetail,
    ProbeList,
    ProbeResults,
    ProbeRow,
    RemedyRow,
    RemedySettings,
    ResultRow,
    RolledUpResults,
    RollUp,
    StateChangeRow,
    Trial,
)
from eulermaker.features.probes.store import Filter, Probe, ProbeStore, ResultStore, Scope
from eulermaker.features.probes.vault import Vault
from eulermaker.features.probes.wording import milliseconds_of, shown_container, when
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault, InvalidFields
from eulermaker.kernel.ids import new_id, new_secret
from eulermaker.kernel.paging import Page
from eulermaker.kernel.sealing import refuse_masks
from eulermaker.kernel.validation import field_errors
from eulermaker.kernel.web import origin

SHOWN_CHANGES = 20
#: How much longer than its own budget somebody waits for a check.
PATIENCE_SECONDS = 5.0
#: How long somebody waits for a result to be stored.
STORED_SECONDS = 4.0
ELSEWHERE_SECONDS = 0.2


class Probes:
    """Add, change, ask and remove probes."""

    def __init__(
        self,
        database: Database,
        runner: ProbeRunner,
        recorder: Recorder,
        reaching: Reaching,
        *,
        containers: Containers,
        alerts: Alerts,
        audit: Audit,
        vault: Vault,
        max_per_user: int,
        clock: Clock,
    ) -> None:
        self._database = database
        self._runner = runner
        self._recorder = recorder
        self._reaching = reaching
        self._containers = containers
        self._alerts = alerts
        self._audit = audit
        self._vault = vault
        self._max_per_user = max_per_user
        self._clock = clock

    async def add(self, call: Call, wanted: NewProbe) -> tuple[Probe, str | None]:
        """Add a probe of the caller's own; tells it, and the secret of its heartbeat URL if it has one.

        Raises InvalidFields, `container-not-found`, `forbidden`, `too-many-probes`.
        """
        call.require(Permission.PROBES_WRITE)
        config = _read(wanted.probe_type, wanted.config)
        remedy = wanted.on_failure
        container = self._container(call, wanted.container_id, wanted.probe_type, acts=remedy is not None)
        shown, secrets = split(config)
        identifier, now = new_id("probe"), self._clock()
        secret = new_secret() if wanted.probe_type == "push" else None
        probe = Probe(
            id=identifier,
            tenant_id=call.principal.tenant,
            owner_id=call.principal.user,
            name=wanted.name,
            probe_type=wanted.probe_type,
            container=container,
            labels=wanted.labels,
            config=shown,
            secrets=self._vault.seal(identifier, secrets),
            sees_all=call.principal.may(Permission.CONTAINERS_READ_ALL),
            unconfined=call.principal.may(Permission.CONTAINERS_UNCONFINED),
            remedy=None if remedy is None else remedy.model_dump(mode="json"),
            severity=wanted.severity.value,
            enabled=wanted.enabled,
            created_at=now,
            updated_at=now,
            state_since=now,
            push_hash=None if secret is None else _hash(secret),
        )
        self._require_open(probe, config)
        async with self._database.write() as connection:
            store = ProbeStore(connection)
            if await store.count_of_owner(call.principal.user) >= self._max_per_user:
                raise TOO_MANY_PROBES(limit=self._max_per_user, details={"limit": self._max_per_user})
            probe = await store.add(probe, shard_of=rules.shard_of)
        self._runner.wake()
        await self._note(call, "probe.create", probe)
        return probe, secret

    async def page(self, call: Call, wanted: Filter, page: Page) -> ProbeList:
        """One page of the probes that the caller may see, newest first."""
        scope = self._readable(call)
        if wanted.container is not None:
            found = self._containers.view.find(wanted.container)
            # What is gone is known by the id that its probes keep.
            whole = wanted.container if found is None else found.id
            wanted = Filter(
                whole, wanted.probe_type, wanted.activity, wanted.state, wanted.name, wanted.labels
            )
        async with self._database.read() as connection:
            store = ProbeStore(connection)
            rows = await store.page(scope, wanted, page)
            total = await store.count(scope, wanted)
        listed = [self._row(probe) for probe in rows]
        return ProbeList(probes=listed, total=total, limit=page.limit, offset=page.offset)

    async def get(self, call: Call, probe: str) -> Probe:
        """The probe; raises `probe-not-found`, also for those that the caller may not see."""
        scope = self._readable(call)
        async with self._database.read() as connection:
            return await ProbeStore(connection).visible(probe, scope) or _raise(_missing(probe))

    async def detail(self, call: Call, probe: str) -> ProbeDetail:
        """Everything about one probe."""
        scope = self._readable(call)
        async with self._database.read() as connection:
            found = await ProbeStore(connection).visible(probe, scope) or _raise(_missing(probe))
            results = ResultStore(connection)
            statistics = await History(results, found).statistics(milliseconds_of(self._clock()))
            changes = await results.changes(found.number, limit=SHOWN_CHANGES)
            remedies = await results.remedies(found.number, limit=SHOWN_CHANGES)
        return ProbeDetail(
            **dict(self._row(found)),
            config=found.config,
            on_failure=None if found.remedy is None else RemedySettings.model_validate(found.remedy),
            updated_at=found.updated_at,
            statistics=statistics,
            changes=[
                StateChangeRow(
                    at=when(row["at"]), before=row["before"], after=row["after"], details=row["details"]
                )
                for row in changes
            ],
            remedies=[
                RemedyRow(at=when(row["at"]), action=row["action"], result=row["result"]) for row in remedies
            ],
        )

    async def change(self, call: Call, probe: str, changes: ProbeChanges) -> Probe:
        """Change a probe; `config` is merged, a mask in it stands for the secret that is known.

        Raises `probe-not-found`, `forbidden`, InvalidFields, `container-not-found`.
        """
        found = await self.changeable(call, probe)
        given = changes.model_fields_set
        values: dict[str, Any] = {"updated_at": self._clock()}
        if changes.name is not None:
            values["name"] = changes.name
        if changes.enabled is not None:
            values["enabled"] = changes.enabled
        if changes.labels is not None:
            values["labels"] = changes.labels
        if changes.severity is not None:
            values["severity"] = changes.severity.value
        if changes.config is not None:
            values |= self._merged(found, changes.config)
        remedy = found.remedy is not None
        if "on_failure" in given:
            remedy = changes.on_failure is not None
            values["remedy"] = (
                None if changes.on_failure is None else changes.on_failure.model_dump(mode="json")
            )
        if changes.container_id is not None or "on_failure" in given or "command" in (changes.config or {}):
            reference = changes.container_id or found.container
            values["container"] = self._container(call, reference, found.probe_type, acts=remedy)
        return await self._changed(call, found, "probe.update", **values)

    async def set_enabled(self, call: Call, probe: str, *, enabled: bool) -> Probe:
        """Pause a probe, or let it go on."""
        found = await self.changeable(call, probe)
        action = "probe.resume" if enabled else "probe.pause"
        return await self._changed(call, found, action, enabled=enabled, updated_at=self._clock())

    async def remove(self, call: Call, probe: str) -> None:
        """Delete a probe, its results and its alert."""
        found = await self.changeable(call, probe)
        async with self._database.write() as connection:
            if not await ProbeStore(connection).change(found, deleted_at=self._clock(), push_hash=None):
                raise _missing(probe)
            await self._alerts.forget(connection, found.id)
        self._runner.wake()
        await self._note(call, "probe.delete", found)

    async def new_push_url(self, call: Call, probe: str) -> str:
        """Give a probe another heartbeat URL; tells its secret. The one before is void."""
        found = await self.changeable(call, probe)
        if found.probe_type != "push":
            raise PROBE_NOT_PUSH(probe=probe, details=_details(probe))
        secret = new_secret()
        await self._changed(call, found, "probe.push_url", push_hash=_hash(secret))
        return secret

    async def results(
        self, call: Call, probe: str, wanted: Range, *, limit: int, before: int | None
    ) -> ProbeResults:
        """One page of results, newest first."""
        scope = self._readable(call)
        async with self._database.read() as connection:
            found = await ProbeStore(connection).visible(probe, scope) or _raise(_missing(probe))
            history = History(ResultStore(connection), found)
            page, more = await history.page(wanted, limit=limit, before=before)
            total = await history.count(wanted)
        return ProbeResults(
            results=[_result(one) for one in page],
            total=total,
            next_cursor=cursor_of(page[-1].at) if more else None,
        )

    async def rolled_up(
        self, call: Call, probe: str, wanted: Range, *, by_hour: bool, limit: int, before: int | None
    ) -> RolledUpResults:
        """One page of sums by minute or by hour, newest first."""
        scope = self._readable(call)
        async with self._database.read() as connection:
            found = await ProbeStore(connection).visible(probe, scope) or _raise(_missing(probe))
            history = History(ResultStore(connection), found)
            page, more = await history.bins(wanted, by_hour=by_hour, limit=limit, before=before)
        return RolledUpResults(
            results=[_rolled_up(one) for one in page],
            total=len(page),
            next_cursor=cursor_of(page[-1].at) if more and page else None,
        )

    async def check(self, call: Call, probe: str) -> Checked:
        """Check a probe now; raises `probe-is-push` and `probe-check-not-made`.

        One that is paused or whose container does not run is checked without a record of it.
        """
        found = await self.changeable(call, probe)
        if found.probe_type == "push":
            raise PROBE_IS_PUSH(probe=probe, details=_details(probe))
        config, check = self._runner.check_of(found)
        assert check is not None
        assert not isinstance(config, Push)
        budget = config.budget
        result = None
        with anyio.move_on_after(budget + PATIENCE_SECONDS) as scope:
            result = await self._checked_on_record(found) if found.enabled else None
        if scope.cancelled_caught:
            raise _not_made(probe)
        return await self._tried(check, budget) if result is None else _checked(result, recorded=True)

    async def test(self, call: Call, trial: Trial) -> Checked:
        """Try a configuration without adding a probe; raises InvalidFields and `container-not-found`."""
        call.require(Permission.PROBES_WRITE)
        if trial.probe_type == "push":
            raise InvalidFields.one(
                "probe_type", zh="push 探针只等待心跳，无法试用", en="A push probe only waits: nothing to try"
            )
        config = _read(trial.probe_type, trial.config)
        now = self._clock()
        probe = Probe(
            id="probe_trial",
            tenant_id=call.principal.tenant,
            owner_id=call.principal.user,
            name="",
            probe_type=trial.probe_type,
            container=self._container(call, trial.container_id, trial.probe_type, acts=False),
            labels={},
            config={},
            secrets=None,
            sees_all=call.principal.may(Permission.CONTAINERS_READ_ALL),
            unconfined=call.principal.may(Permission.CONTAINERS_UNCONFINED),
            remedy=None,
            severity="info",
            enabled=True,
            created_at=now,
            updated_at=now,
            state_since=now,
        )
        self._require_open(probe, config)
        _, check = self._runner.check_of(probe, config)
        assert check is not None
        assert not isinstance(config, Push)
        return await self._tried(check, config.budget)

    async def heartbeat(self, secret: str, told: Heartbeat) -> None:
        """Take note of a heartbeat; raises `probe-push-not-found`."""
        async with self._database.read() as connection:
            found = await ProbeStore(connection).by_push(_hash(secret))
        if found is None:
            raise PUSH_NOT_FOUND()
        at = max(milliseconds_of(self._clock()), found.pushed_at + 1)
        async with self._database.write() as connection:
            await ProbeStore(connection).change(found, pushed_at=at, pushed=told.model_dump())
        self._runner.wake()

    async def changeable(self, call: Call, probe: str) -> Probe:
        """The probe, which the caller may change; raises `probe-not-found` and `forbidden`."""
        found = await self.get(call, probe)
        call.require(Permission.PROBES_WRITE)
        if found.owner_id != call.principal.user:
            call.require(Permission.PROBES_WRITE_ALL)
        return found

    def sees(self, call: Call, probe: Probe) -> bool:
        """Whether the caller may know of the probe."""
        principal = call.principal
        return probe.tenant_id == principal.tenant and (
            probe.owner_id == principal.user or principal.may(Permission.PROBES_READ_ALL)
        )

    def container_id(self, reference: str) -> str:
        """The engine's whole id of a container, as far as it is known."""
        found = self._containers.view.find(reference)
        return reference.removeprefix("container_") if found is None else found.id

    async def _changed(self, call: Call, found: Probe, action: str, **values: Any) -> Probe:
        async with self._database.write() as connection:
            store = ProbeStore(connection)
            if not await store.change(found, **values):
                raise _missing(found.id)
            changed = await store.get(found.id)
        assert changed is not None
        self._runner.wake()
        await self._note(call, action, changed)
        return changed

    def _merged(self, found: Probe, changes: Mapping[str, Any]) -> dict[str, Any]:
        known, merged = self._vault.open(found), rules.merged(found.config, changes)
        if _origin(merged) != _origin(found.config):
            # The secrets are for the server that was asked before, and not for any other.
            known = {}
        config = _read(found.probe_type, joined(merged, known))
        self._require_open(found, config)
        shown, secrets = split(config)
        return {"config": shown, "secrets": self._vault.seal(found.id, secrets)}

    def _container(self, call: Call, reference: str | None, probe_type: str, *, acts: bool) -> str | None:
        """The engine's id of the container that is meant; what acts in it takes the right to change it."""
        if reference is None:
            if probe_type in NEEDS_CONTAINER or acts:
                raise InvalidFields.one("container_id", zh="缺少必填字段", en="A container is needed")
            return None
        if acts or probe_type == "exec":
            return self._containers.changeable(call, reference).id
        return self._containers.get(call, reference).id

    def _require_open(self, probe: Probe, config: Config) -> None:
        """Raise InvalidFields where the configuration names an address that is closed to the owner."""
        refused = refused_address(config, target_of(probe), self._reaching)
        if refused is not None:
            field, kind = refused
            raise InvalidFields.one(
                f"config.{field}",
                zh=f"不允许探测该地址（{kind}）",
                en=f"This address is closed to probes ({kind})",
            )

    async def _checked_on_record(self, probe: Probe) -> Result | None:
        watch = await self._runner.check_now(probe)
        if watch is not None and watch.last is not None:
            result = watch.last
            if not await self._recorder.stored_after(STORED_SECONDS):
                raise _not_made(probe.id)
            return result
        if probe.suspended or probe.number in self._runner.watches:
            return None
        return await self._checked_elsewhere(probe)

    async def _checked_elsewhere(self, probe: Probe) -> Result | None:
        """Ask the process that checks this probe, and wait for the result that it stores."""
        asked = milliseconds_of(self._clock())
        async with self._database.write() as connection:
            await ProbeStore(connection).change(probe, asked_at=asked)
        self._runner.wake()
        while True:
            await anyio.sleep(ELSEWHERE_SECONDS)
            async with self._database.read() as connection:
                page, _ = await History(ResultStore(connection), probe).page(
                    Range(start=asked), limit=1, before=None
                )
            if page:
                return page[0]

    async def _tried(self, check: Any, budget: float) -> Checked:
        started = self._clock()
        verdict: Verdict = await check(anyio.current_time() + budget)
        return Checked(
            timestamp=started,
            status=verdict.status,
            response_time=round(verdict.response_ms, 1),
            details=dict(verdict.details),
            recorded=False,
        )

    def _readable(self, call: Call) -> Scope:
        call.require(Permission.PROBES_READ)
        everybody = call.principal.may(Permission.PROBES_READ_ALL)
        return Scope(call.principal.tenant, None if everybody else call.principal.user)

    def _row(self, probe: Probe) -> ProbeRow:
        # The process that checks it knows more than it has stored.
        watch = self._runner.watches.get(probe.number)
        last_at = probe.last_at if watch is None else watch.last_at
        return ProbeRow(
            id=probe.id,
            container_id=shown_container(probe.container),
            probe_type=probe.probe_type,
            name=probe.name,
            status=probe.activity,
            last_check=when(last_at) if last_at else None,
            last_result=probe.last_status if watch is None else watch.last_status,
            state=probe.state,
            state_since=probe.state_since,
            enabled=probe.enabled,
            labels=probe.labels,
            severity=probe.severity,
            created_at=probe.created_at,
        )

    async def _note(self, call: Call, action: str, probe: Probe) -> None:
        await self._audit.record(
            call, action, resource_type="probe", resource_id=probe.id, type=probe.probe_type, name=probe.name
        )


def added(probe: Probe, *, push_url: str | None = None) -> AddedProbe:
    """The probe as it is told to whoever has made or changed it."""
    return AddedProbe(
        id=probe.id,
        container_id=shown_container(probe.container),
        probe_type=probe.probe_type,
        name=probe.name,
        status=probe.activity,
        created_at=probe.created_at,
        config=probe.config,
        enabled=probe.enabled,
        labels=probe.labels,
        severity=probe.severity,
        on_failure=None if probe.remedy is None else RemedySettings.model_validate(probe.remedy),
        push_url=push_url,
    )


def _read(probe_type: str, value: Mapping[str, Any]) -> Config:
    """The configuration; raises InvalidFields with the fields under `config`."""
    refuse_masks(value)
    try:
        return read(probe_type, dict(value))  # type: ignore[arg-type]  # the schema has checked the type
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise InvalidFields(
            field_errors([{**one, "loc": ("body", "config", *one["loc"])} for one in found])
        ) from error


def _result(result: Result) -> ResultRow:
    return ResultRow(
        timestamp=when(result.at),
        status=result.status,
        response_time=result.duration / 10,
        details=details_of(result.details),
    )


def _checked(result: Result, *, recorded: bool) -> Checked:
    return Checked(**dict(_result(result)), recorded=recorded)


def _rolled_up(one: Bin) -> RollUp:
    conclusive = one.succeeded + one.failed
    return RollUp(
        timestamp=when(one.at),
        checks=one.checks,
        success_count=one.succeeded,
        failure_count=one.failed,
        uptime=round(100 * one.succeeded / conclusive, 3) if conclusive else None,
        min=milliseconds(one.duration_min),
        avg=milliseconds(one.duration_avg),
        max=milliseconds(one.duration_max),
        p95=milliseconds(one.duration_p95),
    )


def _origin(config: Mapping[str, Any]) -> tuple[str, str] | None:
    url = config.get("url")
    try:
        return origin(url) if isinstance(url, str) else None
    except ValueError:
        return None  # It is refused when it is read.


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _details(probe: str) -> dict[str, Any]:
    return {"probe_id": probe, "resource_type": "probe"}


def _missing(probe: str) -> Fault:
    return PROBE_NOT_FOUND(probe=probe, details=_details(probe))


def _not_made(probe: str) -> Fault:
    return CHECK_NOT_MADE(probe=probe, details=_details(probe))


def _raise(fault: Fault) -> Probe:
    raise fault
