"""Run queued builds: claim in fair order, build, collect, settle; recover what a death left behind."""

import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import PurePosixPath
from typing import Any, Literal

import anyio
import structlog
from anyio import to_thread
from anyio.abc import TaskGroup

from eulermaker.engines.port import (
    ENGINE_UNAVAILABLE,
    ENTRIES,
    BuildEvent,
    BuildFailed,
    BuildFault,
    Engine,
    Files,
    Image,
    ImageBuild,
    ImageReady,
)
from eulermaker.features.builds.artifacts import (
    Artifact,
    Collector,
    all_rpm_trees,
    has_rpmbuild,
    rpm_trees,
    trees_of,
)
from eulermaker.features.builds.effect import told_of
from eulermaker.features.builds.faults import (
    BASE_IMAGE_UNAVAILABLE,
    BUILD_INTERRUPTED,
    BUILD_TIMED_OUT,
    BUILDER_BROKE,
    DOCKERFILE_REFUSED,
    OUTCOMES,
    SOURCE_UNAVAILABLE,
    STEP_FAILED,
    STORAGE_FAILED,
)
from eulermaker.features.builds.files import BuildFiles, ContextArchive, ServedFiles
from eulermaker.features.builds.form import Form, Ground, as_written, may_be_rewritten
from eulermaker.features.builds.inputs import images_needed
from eulermaker.features.builds.ledger import Bells, Ledger
from eulermaker.features.builds.log import Line, LogWriter
from eulermaker.features.builds.narrator import Narrator
from eulermaker.features.builds.reuse import Results, Reused
from eulermaker.features.builds.rules import State, line_up, mentioned_trees, retry_delay
from eulermaker.features.builds.store import Build
from eulermaker.features.builds.verdict import Verdict, read_verdict, write_verdict
from eulermaker.kernel.clock import Clock, rfc3339
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.ids import new_id
from eulermaker.kernel.ownership import OWNER, TENANT
from eulermaker.kernel.settings import Build as BuildSettings
from eulermaker.kernel.supervise import Nudge
from eulermaker.kernel.telemetry import Metrics, request_id

WaitReason = Literal["slots_taken", "engine_unavailable", "retry_delay", "starting"]

log = structlog.get_logger("eulermaker.builds")

PERIOD_SECONDS = 1.0
SWEEP_SECONDS = 60.0
CANCEL_SECONDS = 2.0
ENGINE_SECONDS = 3.0
MESSAGE_LENGTH = 2000
KNOWN_IMAGES = 1024
# What only BuildKit can do, told generously: a build that does not need it may be built without.
_NEEDS_BUILDKIT = re.compile(
    r"(?im)^\s*#\s*(syntax|escape)\s*=|\s--(mount|chmod|link|network|security)\b|<<|\b(TARGET|BUILD)(PLATFORM|OS|ARCH)"
)
# What a rewritten Dockerfile can be the reason of; a base image or an address that is not there cannot.
_PERHAPS_OURS = (BuildFault.STEP, BuildFault.DOCKERFILE)
LABEL_INSTALLATION = "org.eulermaker.installation"
LABEL_BUILD = "org.eulermaker.build"


class Reason(StrEnum):
    """Why an attempt was stopped before it ended by itself."""

    CANCELLED = "cancelled"
    SHUTDOWN = "shutdown"


@dataclass(slots=True)
class Attempt:
    """A build that runs now; the engine knows it by `reference`."""

    reference: str = field(default_factory=lambda: new_id("attempt"))
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    narrator: Narrator = field(default_factory=Narrator)
    inputs: str | None = None
    form: Form | None = None
    reused: Reused | None = None
    fallback: str | None = None
    stopped: Reason | None = None
    settled: anyio.Event = field(default_factory=anyio.Event)

    def stop(self, reason: Reason) -> None:
        """Ask the attempt to stop; the first reason counts."""
        self.stopped = self.stopped or reason
        self.scope.cancel()


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The build made an image, and these artifacts."""

    image: Image
    artifacts: list[Artifact]


@dataclass(frozen=True, slots=True)
class Ended:
    """The build ended for good without success; `fault` tells why."""

    state: State
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The attempt came to nothing through no fault of the user's."""

    reason: str
    counts: bool = True


Outcome = Succeeded | Ended | Interrupted


class BuildRunner:
    """The reconciler of the builds of one installation."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        files: BuildFiles,
        engine: Engine,
        bells: Bells,
        settings: BuildSettings,
        installation: str,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._files = files
        self._engine = engine
        self._bells = bells
        self._settings = settings
        self._node = installation
        self._metrics = metrics
        self._clock = clock
        self._nudge = Nudge()
        self._dispatching = anyio.Lock()
        self._attempts: dict[str, Attempt] = {}
        self._group: TaskGroup | None = None
        #: Builds that print too fast for BuildKit.
        self._patient: set[str] = set()
        #: Builds on whose optimized form the builder broke.
        self._plain: set[str] = set()
        #: Where the packages of an image lie: an image never changes, and cached builds make it again.
        self._trees: OrderedDict[str, list[PurePosixPath]] = OrderedDict()
        self._results = Results(
            ledger=ledger, files=files, engine=engine, seconds=settings.reuse_seconds, clock=clock
        )
        #: By their inputs, the builds that others with the same inputs wait for.
        self._leading: dict[str, Attempt] = {}
        self._draining = False
        self._giving_up = False
        self.engine_answers = True

    async def run(self) -> None:
        """Service: run what is queued."""
        async with anyio.create_task_group() as group:
            self._group = group
            while True:
                try:
                    await self._put_back_lost()
                    await self.dispatch()
                except Fault as fault:
                    _only_retryable(fault)
                await self._nudge.wait(PERIOD_SECONDS)

    def nudge(self) -> None:
        """Look at the queue soon."""
        self._nudge.give()

    def attempt(self, build: str) -> Attempt | None:
        """The attempt that runs now."""
        return self._attempts.get(build)

    async def dispatch(self) -> None:
        """Start as many queued builds as there are free slots, in fair order."""
        async with self._dispatching:
            free = self._settings.max_concurrent - len(self._attempts)
            if self._group is None or self._draining or free <= 0:
                return
            order = await self.queue()
            if not order or not await self._engine_up():
                return
            for build in order:
                if free <= 0:
                    break
                free -= await self._start(build)

    async def queue(self) -> list[str]:
        """The waiting builds in the order in which they will start."""
        async with self._ledger.read() as store:
            waiting, served = await store.waiting(self._node)
        self._metrics.builds_queued.set(len(waiting))
        return line_up(waiting, served)

    def waiting_for(self, build: Build) -> WaitReason:
        """Why a queued build does not run yet."""
        if not self.engine_answers:
            return "engine_unavailable"
        if build.not_before is not None and build.not_before > self._clock():
            return "retry_delay"
        if len(self._attempts) >= self._settings.max_concurrent:
            return "slots_taken"
        return "starting"

    async def drain(self, *, within: float) -> None:
        """Stop all attempts and put their builds back into the queue: the server is going down.

        What cannot be recorded within so many seconds is left to the next start.
        """
        self._draining = True
        # Whoever is starting a build now has started it, or finds that it is too late.
        async with self._dispatching:
            attempts = list(self._attempts.values())
        for attempt in attempts:
            attempt.stop(Reason.SHUTDOWN)
        with anyio.move_on_after(within):
            for attempt in attempts:
                await attempt.settled.wait()
        self._giving_up = True

    async def sweep(self) -> None:
        """Remove what no build needs: containers, tags and directories of builds that are no more."""
        try:
            await self._sweep()
        except Fault as fault:
            if fault.entry not in ENTRIES:
                raise
            log.warning("builds.sweep_postponed", fault=fault.entry.slug)

    async def _sweep(self) -> None:
        async with self._ledger.read() as store:
            kept = await store.ids_of(self._node)
            deleted = await store.deleted(self._node)
        for build in deleted:
            await self.remove(build)
        await self._engine.remove_containers(
            labels={LABEL_INSTALLATION: self._node},
            spare=lambda labels: labels.get(LABEL_BUILD) in self._attempts,
        )
        for tag in await self._engine.images_tagged(self._repository):
            await self._drop_stray_tag(tag, kept)

    async def remove(self, build: Build) -> None:
        """Finish the deletion of a build whose row says that it is deleted."""
        if build.image_id:
            if build.clean_image:
                await self._remove_own_tag(build)
            # Without clean_image ours is only dropped while another tag keeps the image.
            image = await self._engine.image(build.image_id)
            if image is not None and (build.clean_image or len(image.tags) > 1):
                await self._engine.remove_tag(self.tag(build.id))
        await self._files.remove(build.id)
        async with self._ledger.write() as store:
            await store.remove(build.id)

    @property
    def _repository(self) -> str:
        return f"eulermaker-build-{self._node.removeprefix('node_')}"

    def tag(self, build: str) -> str:
        """The tag that keeps a build's image even when its name moves on to a newer one."""
        return f"{self._repository}:{build}"

    async def _remove_own_tag(self, build: Build) -> None:
        tagged = await self._engine.image(build.image_tag)
        if tagged is not None and tagged.id == build.image_id:
            await self._engine.remove_tag(build.image_tag)

    async def _drop_stray_tag(self, tag: str, kept: set[str]) -> None:
        build = tag.partition(":")[2]
        if build in self._attempts:
            return
        async with self._ledger.read() as store:
            stored = await store.get(build)
        if stored is None or (stored.state.terminal and stored.image_id is None):
            log.info("image.orphan_removed", tag=tag, build=build)
            await self._engine.remove_tag(tag)

    async def _engine_up(self) -> bool:
        with anyio.move_on_after(ENGINE_SECONDS):
            try:
                await self._engine.ping()
            except Fault as fault:
                # Whatever it says: an engine that cannot answer this cannot build either.
                log.debug("engine.silent", fault=fault.entry.slug)
            else:
                self.engine_answers = True
                return True
        if self.engine_answers:
            log.warning("engine.away")
        self.engine_answers = False
        return False

    async def _start(self, build: str) -> bool:
        """Claim a build and run it; tells whether this process got it."""
        if build in self._attempts:
            return False
        # Known before the claim is: who cancels a build that has just become `running` finds it.
        attempt = self._attempts[build] = Attempt()
        row: Build | None = None
        try:
            row = await self._claimed(build)
        finally:
            if row is None:
                del self._attempts[build]
                attempt.settled.set()
        if row is None:
            return False
        self._metrics.builds_running.set(len(self._attempts))
        assert self._group is not None
        self._group.start_soon(self._run, row, attempt, name=f"build {build}")
        return True

    async def _claimed(self, build: str) -> Build | None:
        now = self._clock()
        async with self._ledger.write() as store:
            row = await store.get(build)
            if row is None or (row.not_before is not None and row.not_before > now):
                return None
            claimed = await store.change(
                build,
                expected=[State.PENDING],
                state=State.RUNNING,
                started_at=now,
                attempts=row.attempts + 1,
                not_before=None,
            )
            row = await store.get(build)
        return row if claimed else None

    async def _run(self, build: Build, attempt: Attempt) -> None:
        started = time.monotonic()
        # The task began inside a request, maybe another user's: its log lines are nobody's answer.
        request_id.set("")
        try:
            await self._run_logged(build, attempt)
        except OSError as error:
            # A full or broken disk ends this build and no other; its log can take no more.
            log.exception("build.storage_failed", build=build.id)
            fault = STORAGE_FAILED(reason=error.strerror or type(error).__name__)
            with anyio.CancelScope(shield=True):
                values = {"state": State.FAILED, "finished_at": self._clock(), **_told(fault)}
                await self._until_done(lambda: self._record(build, values, []))
        finally:
            del self._attempts[build.id]
            if attempt.inputs is not None and self._leading.get(attempt.inputs) is attempt:
                del self._leading[attempt.inputs]
            self._metrics.builds_running.set(len(self._attempts))
            attempt.settled.set()
            self._bells.ring(build.id)
            self._metrics.build_seconds.observe(time.monotonic() - started)
            self._nudge.give()

    async def _run_logged(self, build: Build, attempt: Attempt) -> None:
        with LogWriter(self._files.log(build.id), max_bytes=self._settings.max_log_bytes) as writer:
            journal = Journal(writer, lambda: self._bells.ring(build.id), self._metrics, self._clock)
            if build.attempts > 1:
                journal.status(f"Attempt {build.attempts} of {self._settings.max_attempts}")
            outcome = await self._outcome(build, attempt, journal)
            with anyio.CancelScope(shield=True):
                await self._settle(build, attempt, outcome, journal)

    async def _outcome(self, build: Build, attempt: Attempt, journal: "Journal") -> Outcome:
        """Run one attempt to its end, whatever that is; the engine's work has ended with it."""
        outcome: Outcome | None = None
        with attempt.scope, anyio.move_on_after(build.timeout) as deadline:
            try:
                outcome = await self._attempt(build, attempt, journal)
            except BuildFailed as failure:
                outcome = self._failed(build, failure, attempt.narrator)
            except Fault as fault:
                outcome = (
                    Ended(State.FAILED, fault)
                    if fault.entry.slug in OUTCOMES
                    else Interrupted(fault.entry.slug)
                )
        with anyio.CancelScope(shield=True):
            journal.lines(attempt.narrator.unfinished(self._clock()))
            if not isinstance(outcome, Succeeded):
                await self._clear_away(build.id, attempt)
        if outcome is not None:
            return outcome
        if attempt.stopped is Reason.CANCELLED:
            return Ended(State.CANCELLED)
        if deadline.cancelled_caught and attempt.stopped is None:
            return Ended(State.TIMEOUT, BUILD_TIMED_OUT(seconds=build.timeout))
        return Interrupted("shutdown", counts=False)

    async def _attempt(self, build: Build, attempt: Attempt, journal: "Journal") -> Succeeded:
        archive = await to_thread.run_sync(ContextArchive, self._files, build.id, build.dockerfile_content)
        ground = await self._ground(build)
        if ground is None:
            return await self._built(build, as_written(build), archive, attempt, journal)
        inputs = await to_thread.run_sync(partial(ground.fingerprint, build, archive))
        if inputs is not None and (taken := await self._taken_over(build, inputs, attempt, journal)):
            return taken
        form = attempt.form = await to_thread.run_sync(partial(ground.form, build, archive))
        if form.rewrites(build):
            try:
                return await self._built(build, form, archive, attempt, journal)
            except BuildFailed as failure:
                if failure.fault not in _PERHAPS_OURS:
                    raise
                attempt.fallback = str(failure)[:MESSAGE_LENGTH]
            journal.lines(attempt.narrator.unfinished(self._clock()))
            journal.status("The optimized form failed: building as it is written")
            attempt.narrator = Narrator()
        return await self._built(build, as_written(build), archive, attempt, journal)

    async def _ground(self, build: Build) -> Ground | None:
        """What a build stands on; None where it is to be built as written.

        What is rewritten needs BuildKit, and is not tried again where that broke.
        """
        if build.id in self._patient or build.id in self._plain or not may_be_rewritten(build):
            return None
        engine = await self._engine.info()
        if not engine.buildkit:
            return None
        images: dict[str, Image] = {}
        for name in images_needed(build):
            if image := await self._engine.image(name):
                images[name] = image
        before = None
        if build.spec_content is not None:
            async with self._ledger.read() as store:
                before = await store.last_of_package(build)
        if before is None:
            return Ground(engine.platform, images)
        kept = self.tag(before.id)
        left = before.optimization is not None and before.optimization.get("draft")
        there = left and await self._engine.image(kept) is not None
        return Ground(engine.platform, images, before, kept if there else None)

    async def _taken_over(
        self, build: Build, inputs: str, attempt: Attempt, journal: "Journal"
    ) -> Succeeded | None:
        """The result of the same inputs, waited for where it is being made; None where there is none."""
        while (leading := self._leading.get(inputs)) is not None:
            journal.status("Waiting for a build of the same inputs that runs now")
            await leading.settled.wait()
        # From now on others wait for this one.
        attempt.inputs = inputs
        self._leading[inputs] = attempt
        taken = await self._results.take(build, inputs, tag=self.tag(build.id))
        if taken is None:
            return None
        attempt.reused = taken
        journal.status(f"Reused the result of {taken.build.id}, built {rfc3339(taken.built_at)}; its log:")
        portions = self._results.lines(taken.build)
        while lines := await to_thread.run_sync(next, portions, None):
            journal.lines(iter(lines))
        await self._engine.add_tag(taken.image.id, tag=build.image_tag)
        return Succeeded(taken.image, list(taken.artifacts))

    async def _built(
        self, build: Build, form: Form, archive: ContextArchive, attempt: Attempt, journal: "Journal"
    ) -> Succeeded:
        wanted = ImageBuild(
            reference=attempt.reference,
            dockerfile=archive.dockerfile,
            tags=(self.tag(build.id),),
            build_args=build.build_args,
            # Ours come last: whose an image is must not be for the build to say.
            labels={**build.labels, OWNER: build.owner_id, TENANT: build.tenant_id},
            target=build.target,
            use_cache=build.cache_enabled,
            cache_from=tuple(build.cache_from),
            patient=build.id in self._patient,
        )
        narrator, made = attempt.narrator, None
        async with self._events(wanted, form, archive, written=not form.rewrites(build)) as events:
            async for event in events:
                journal.lines(narrator.tell(event))
                if isinstance(event, ImageReady):
                    made = event.image
        image = await self._engine.image(made) if made else None
        if image is None:
            raise ENGINE_UNAVAILABLE()
        artifacts = await self._collect(build, image, narrator)
        # Last of all: until then the name stays with the build that had it.
        await self._engine.add_tag(image.id, tag=build.image_tag)
        return Succeeded(image, artifacts)

    @asynccontextmanager
    async def _events(
        self, wanted: ImageBuild, form: Form, archive: ContextArchive, *, written: bool
    ) -> AsyncIterator[AsyncIterator[BuildEvent]]:
        """What the engine tells of the build; a rewritten Dockerfile must not lie in the context."""
        if written:
            async with aclosing(self._engine.build(wanted, archive.stream())) as events:
                yield events
            return
        served = ServedFiles(archive, form.dockerfile, form.added, form.placed)
        async with (
            self._engine.serving(served) as session,
            aclosing(self._engine.build(replace(wanted, session=session), None)) as events,
        ):
            yield events

    async def _collect(self, build: Build, image: Image, narrator: Narrator) -> list[Artifact]:
        collector = Collector(self._files.artifacts(build.id), max_bytes=self._settings.max_artifact_bytes)
        labels = {LABEL_INSTALLATION: self._node, LABEL_BUILD: build.id}
        known = self._trees.get(image.id)
        trees = rpm_trees(image, [*mentioned_trees(build.dockerfile_content), *narrator.rpm_trees])
        async with self._engine.files_of(image.id, labels=labels) as files:
            if known is None and await self._may_have_more(build, files, narrator):
                trees += await all_rpm_trees(files)
            artifacts = await collector.collect(
                files, [*trees, *(known or ())], search=known is None and build.spec_content is not None
            )
        self._trees[image.id] = trees_of(artifacts)
        if len(self._trees) > KNOWN_IMAGES:
            self._trees.popitem(last=False)
        return artifacts

    async def _may_have_more(self, build: Build, files: Files, narrator: Narrator) -> bool:
        """Whether packages may lie where nothing tells of them: a cached or a silent step made them."""
        if build.spec_content is not None:
            return False  # The Dockerfile is ours: its packages are where they belong, or told of.
        if narrator.rpmbuild or "rpmbuild" in build.dockerfile_content:
            return True
        return await has_rpmbuild(files)

    def _failed(self, build: Build, failure: BuildFailed, narrator: Narrator) -> Outcome:
        message = str(failure)[:MESSAGE_LENGTH]
        match failure.fault:
            case BuildFault.STEP:
                assert failure.step is not None
                number, total, instruction = narrator.instruction(failure.step)
                shown = instruction.partition("\n")[0][:200]
                if failure.exit_code is not None:
                    message = f"exit code {failure.exit_code}"
                return Ended(
                    State.FAILED, STEP_FAILED(number=number, total=total, instruction=shown, message=message)
                )
            case BuildFault.BASE_IMAGE:
                return Ended(State.FAILED, BASE_IMAGE_UNAVAILABLE(image=failure.image))
            case BuildFault.SOURCE:
                return Ended(State.FAILED, SOURCE_UNAVAILABLE(source=failure.source, message=message))
            case BuildFault.DOCKERFILE:
                return Ended(State.FAILED, DOCKERFILE_REFUSED(message=message))
            case BuildFault.BUILDER:
                log.warning("builder.broke", message=message)
                self._plain.add(build.id)
                return Interrupted(f"{BUILDER_BROKE.slug}: {message}")
            case BuildFault.OUTPUT:
                if not _NEEDS_BUILDKIT.search(build.dockerfile_content):
                    self._patient.add(build.id)
                return Interrupted(message)

    async def _clear_away(self, build: str, attempt: Attempt) -> None:
        """End the engine's work on an attempt, and remove what it left; the sweep does what fails here."""
        with anyio.move_on_after(CANCEL_SECONDS):
            try:
                await self._engine.cancel_build(attempt.reference)
                await self._engine.remove_containers(
                    labels={LABEL_INSTALLATION: self._node, LABEL_BUILD: build}
                )
                await self._engine.remove_tag(self.tag(build))
            except Fault as fault:
                # An engine that is away builds nothing.
                log.warning("build.clearing_postponed", build=build, fault=fault.entry.slug)
        await self._files.forget_artifacts(build)

    async def _settle(self, build: Build, attempt: Attempt, outcome: Outcome, journal: "Journal") -> None:
        """Write the outcome, for as long as it takes the database to be there."""
        narrator = attempt.narrator
        steps = told_of(build, attempt.form, narrator, fallback=attempt.fallback, reused=attempt.reused)
        words = _last_words(build, outcome)
        match outcome:
            case Succeeded(image=image, artifacts=artifacts):
                built_at = self._clock() if attempt.reused is None else attempt.reused.built_at
                made = {
                    "image_id": image.id,
                    "image_size": image.size,
                    "image_layers": image.layers,
                    "fingerprint": attempt.inputs,
                    "built_at": built_at,
                }
                verdict = self._verdict(build, State.SUCCESS, made | steps, words, artifacts, journal)
            case Ended(state=state, fault=fault):
                verdict = self._verdict(build, state, _told(fault) | steps, words, [], journal)
            case Interrupted(reason=reason, counts=counts):
                journal.status(*words)
                values = self._after_interruption(build, reason, counts=counts)
                await self._until_done(lambda: self._record(build, values | steps, []))
                return
        # A death from here on loses nothing: the next start records what is kept.
        await to_thread.run_sync(write_verdict, self._files.verdict(build.id), verdict)
        journal.status(*words)
        await self._until_done(lambda: self._record(build, verdict.record, verdict.artifacts))

    def _verdict(
        self,
        build: Build,
        state: State,
        values: dict[str, Any],
        words: list[str],
        artifacts: list[Artifact],
        journal: "Journal",
    ) -> Verdict:
        now = self._clock()
        return Verdict(build.attempts, journal.seq, words, state, now, values, artifacts)

    async def _record(self, build: Build, values: dict[str, Any], artifacts: list[Artifact]) -> None:
        state = values["state"]
        async with self._ledger.write() as store:
            if state is State.SUCCESS:
                await store.set_artifacts(build.id, artifacts)
            await store.change(build.id, expected=[State.RUNNING], **values)
        log.info("build.settled", build=build.id, state=state.value, attempts=build.attempts)
        if state.terminal:
            self._patient.discard(build.id)
            self._plain.discard(build.id)
            self._metrics.builds.labels(status=state.value).inc()

    def _after_interruption(self, build: Build, reason: str, *, counts: bool) -> dict[str, Any]:
        """What becomes of a build whose attempt was interrupted: the queue again, or the end."""
        now = self._clock()
        if build.cancel_requested_at is not None:
            return {"state": State.CANCELLED, "finished_at": now}
        if not counts:
            return {"state": State.PENDING, "attempts": build.attempts - 1}
        if build.attempts < self._settings.max_attempts:
            return {"state": State.PENDING, "not_before": now + retry_delay(build.attempts)}
        fault = BUILD_INTERRUPTED(attempts=build.attempts, reason=reason)
        return {"state": State.FAILED, "finished_at": now, **_told(fault)}

    async def recover(self) -> None:
        """Put back or end what the last process was running, and forget what it left half made.

        For the start, before requests are answered: what they have half made is not to be forgotten.
        """
        async with self._ledger.read() as store:
            running = await store.in_state(self._node, State.RUNNING)
            known = await store.ids_of(self._node)
        for build in running:
            if verdict := await to_thread.run_sync(self._kept_verdict, build):
                await self._record(build, verdict.record, verdict.artifacts)
                continue
            self._note(build.id, ["Interrupted: the server was stopped while the build ran"])
            await self._put_back(build, "server-killed", counts=True)
        await self._files.forget_half_made(known)

    async def _put_back_lost(self) -> None:
        """Put back the builds that are `running` and do not run: claimed when the database was lost."""
        async with self._dispatching:
            async with self._ledger.read() as store:
                running = await store.in_state(self._node, State.RUNNING)
            for build in running:
                if build.id not in self._attempts:
                    await self._put_back(build, "database-unavailable", counts=False)

    async def _put_back(self, build: Build, reason: str, *, counts: bool) -> None:
        values = self._after_interruption(build, reason, counts=counts)
        # Nothing of it runs, so there is nothing to wait for.
        values.pop("not_before", None)
        async with self._ledger.write() as store:
            changed = await store.change(build.id, expected=[State.RUNNING], **values)
        if not changed:
            return
        await self._files.forget_artifacts(build.id)
        log.warning("build.put_back", build=build.id, state=values["state"].value, attempts=build.attempts)

    def _kept_verdict(self, build: Build) -> Verdict | None:
        """What this attempt of the build came to, if the last process still kept it; its log is complete."""
        verdict = read_verdict(self._files.verdict(build.id))
        if verdict is None or verdict.attempt != build.attempts:
            return None
        folder = self._files.artifacts(build.id)
        if not all((folder / artifact.sha256).is_file() for artifact in verdict.artifacts):
            return None
        self._note(build.id, verdict.words, after=verdict.seq)
        return verdict

    def _note(self, build: str, texts: Iterable[str], *, after: int | None = None) -> None:
        """Add status lines to a log; with `after`, only while that is the log's last line."""
        path = self._files.log(build)
        if path.parent.is_dir():
            with LogWriter(path, max_bytes=self._settings.max_log_bytes) as writer:
                if after is None or after == writer.seq:
                    writer.append([Line(text, self._clock(), "status") for text in texts])

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work for as long as it takes the database to be there, or until the server ends."""
        delay = 0.1
        while not self._giving_up:
            try:
                await work()
            except Fault as fault:
                _only_retryable(fault)
                log.warning("builds.waiting_for_database", fault=fault.entry.slug)
                await anyio.sleep(delay)
                delay = min(1.0, delay * 2)
            else:
                return


class Journal:
    """Writes lines to a build's log and tells its followers."""

    def __init__(self, writer: LogWriter, ring: Callable[[], None], metrics: Metrics, clock: Clock) -> None:
        self._writer = writer
        self._ring = ring
        self._metrics = metrics
        self._clock = clock
        self._told_full = False

    def lines(self, lines: Iterator[Line]) -> None:
        """Append the lines; output beyond the log's bound is dropped, and that is told once."""
        stored = self._writer.append(lines)
        if self._writer.full and not self._told_full:
            self._told_full = True
            stored += self._writer.append(
                [Line("The log is full: further output is dropped", self._clock(), "status")]
            )
        if stored:
            self._metrics.log_lines.inc(stored)
            self._ring()

    def status(self, *texts: str) -> None:
        """Append lines of the builder's own: all of them, or none."""
        self.lines(iter([Line(text, self._clock(), "status") for text in texts]))

    @property
    def seq(self) -> int:
        """The number of the last line."""
        return self._writer.seq


def _last_words(build: Build, outcome: Outcome) -> list[str]:
    match outcome:
        case Succeeded(image=image, artifacts=artifacts):
            return [
                f"Successfully built {image.id.removeprefix('sha256:')[:12]}",
                f"Successfully tagged {build.image_tag}",
                *(f"Artifact {artifact.name} ({artifact.size} bytes)" for artifact in artifacts),
            ]
        case Ended(state=state, fault=fault):
            return [f"Build {state.value}" if fault is None else f"ERROR: {fault.message('en')}"]
        case Interrupted(reason=reason):
            return [f"Interrupted: {reason}"]


def _told(fault: Fault | None) -> dict[str, Any]:
    if fault is None:
        return {}
    return {"error_slug": fault.entry.slug, "error_facts": dict(fault.facts)}


def _only_retryable(fault: Fault) -> None:
    """Raise the fault again unless it is one that passes."""
    if not fault.entry.retryable:
        raise fault
