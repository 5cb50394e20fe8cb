"""What the rest of the program may ask about builds."""

import re
from collections.abc import AsyncIterable, Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread

from eulermaker.features.builds.artifacts import Artifact
from eulermaker.features.builds.definition import check_sources, checked_dockerfile
from eulermaker.features.builds.destinations import Destinations
from eulermaker.features.builds.effect import shown_optimization
from eulermaker.features.builds.faults import (
    ARTIFACT_NOT_FOUND,
    BUILD_NOT_FOUND,
    BUILD_STATE_CONFLICT,
    OUTCOMES,
)
from eulermaker.features.builds.files import BuildFiles
from eulermaker.features.builds.ledger import Bells, Ledger
from eulermaker.features.builds.rules import State, context_path, image_tag
from eulermaker.features.builds.runner import BuildRunner, Reason
from eulermaker.features.builds.schemas import (
    ArtifactInfo,
    BuildError,
    BuiltImage,
    Created,
    Detail,
    NewBuild,
    Queue,
    Rpm,
    Steps,
)
from eulermaker.features.builds.spec_build import dockerfile_for, parsed_spec, spec_file
from eulermaker.features.builds.store import Build, Filter, Scope
from eulermaker.features.images.service import Images
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.faults import Fault, InvalidFields, Language
from eulermaker.kernel.ids import new_id
from eulermaker.kernel.load import Load
from eulermaker.kernel.paging import Page
from eulermaker.kernel.settings import Build as BuildSettings

CANCEL_SECONDS = 10.0
# What else a request calls a build is not looked up: a database may refuse it as text.
_ID = re.compile(r"build_[0-9a-f]{12}")


class Action(StrEnum):
    """What a build can be asked for, and refuse in the wrong state."""

    EXECUTE = "execute"
    CANCEL = "cancel"
    DELETE = "delete"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Made:
    """A build, what it made, and the directory that has each of its artifacts under its digest."""

    build: Build
    artifacts: list[Artifact]
    folder: Path

    @property
    def draft(self) -> bool:
        """Whether it was built in a hurry, and is not to be published."""
        return bool((self.build.optimization or {}).get("draft"))


class Builds:
    """Create, run, watch and delete builds."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        files: BuildFiles,
        runner: BuildRunner,
        images: Images,
        bells: Bells,
        destinations: Destinations,
        settings: BuildSettings,
        installation: str,
        load: Load,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._runner = runner
        self._images = images
        self._destinations = destinations
        self._settings = settings
        self._node = installation
        self._load = load
        self._clock = clock
        self.files = files
        self.bells = bells

    async def create(self, call: Call, wanted: NewBuild) -> Created:
        """Store a build as a draft, or in the queue with `execute`.

        Raises InvalidFields, `context-too-large` and, with `execute`, `overloaded`; with `publish` also
        what publishing there would be refused with. Then nothing is left behind.
        """
        call.require(Permission.BUILDS_WRITE)
        if wanted.publish is not None:
            await self._destinations.require(call, wanted.publish)
        if wanted.execute:
            self._load.require_queue()
        build, context = self._definition(call, wanted)
        if wanted.execute:
            await self._images.may_take(call, build.image_tag)
            check_sources(
                build.dockerfile_content,
                target=build.target,
                build_args=build.build_args,
                paths=[str(path) for path in context],
                dockerignore=_dockerignore(context),
            )
        self.files.check_size(context)
        try:
            await self.files.create(
                build.id, build.dockerfile_content, context, executable=wanted.executable_files()
            )
            async with self._ledger.write() as store:
                await store.add(build)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.files.remove(build.id)
            raise
        if wanted.publish is not None:
            await self._destinations.promise(call, build.id, wanted.publish)
        queue = None
        if wanted.execute:
            build, queue = await self._enqueue(build)
        return Created(
            id=build.id,
            name=build.name,
            status=build.state,
            created_at=build.created_at,
            started_at=build.started_at,
            queue=queue,
            dockerfile_path=str(self.files.of(build.id) / "Dockerfile"),
            context_path=str(self.files.context(build.id)),
        )

    async def page(self, call: Call, wanted: Filter, page: Page) -> bytes:
        """One page of builds, newest first, as JSON."""
        return await self._ledger.lists.page(self._readable(call), wanted, page)

    async def get(self, call: Call, build: str) -> Build:
        """The build; raises `build-not-found`, also for builds that the caller may not see."""
        scope, found = self._readable(call), None
        if _ID.fullmatch(build):
            async with self._ledger.read() as store:
                found = await store.visible(build, scope)
        if found is None:
            raise BUILD_NOT_FOUND(build=build, details={"build_id": build, "resource_type": "build"})
        return found

    async def detail(self, call: Call, build: str) -> Detail:
        """Everything about a build."""
        found = await self.get(call, build)
        return Detail(
            id=found.id,
            name=found.name,
            status=found.state,
            created_at=found.created_at,
            queued_at=found.queued_at,
            started_at=found.started_at,
            finished_at=found.finished_at,
            duration=found.duration,
            dockerfile_content=found.dockerfile_content,
            spec_content=found.spec_content,
            build_args=found.build_args,
            labels=found.labels,
            target=found.target,
            cache_enabled=found.cache_enabled,
            cache_from=found.cache_from,
            optimize=found.optimize,
            timeout=found.timeout,
            attempts=found.attempts,
            queue=await self._queue_of(found),
            steps=self._steps(found),
            optimization=shown_optimization(found, call.language),
            image=_image(found),
            artifacts=await self.artifacts(call, build),
            publications=await self._destinations.of_build(build, call.language),
            error=_error(found, call.language),
        )

    async def execute(self, call: Call, build: str) -> tuple[Build, Queue | None]:
        """Queue a draft and start it if a slot is free.

        Raises `build-state-conflict` when it is no draft, InvalidFields when the context lacks what
        the Dockerfile copies, `image-name-reserved` or `image-name-taken` when the image's name is
        not the caller's to give, and `overloaded` when builds wait for too long already.
        """
        found = await self._writable(call, build)
        if not found.draft:
            raise _conflict(found, action=Action.EXECUTE)
        self._load.require_queue()
        await self._images.may_take(call, found.image_tag)
        paths = await to_thread.run_sync(self.files.context_paths, build)
        check_sources(
            found.dockerfile_content,
            target=found.target,
            build_args=found.build_args,
            paths=paths,
            dockerignore=await to_thread.run_sync(self.files.dockerignore, build),
        )
        return await self._enqueue(found)

    async def cancel(self, call: Call, build: str) -> Build:
        """Cancel a build in any state that is not terminal; again is the same as once.

        Raises `build-state-conflict` for a build that has ended otherwise.
        """
        found = await self._writable(call, build)
        now = self._clock()
        async with self._ledger.write() as store:
            waited = await store.change(
                build,
                expected=[State.PENDING],
                state=State.CANCELLED,
                finished_at=now,
                cancel_requested_at=now,
            )
            if not waited:
                await store.change(build, expected=[State.RUNNING], cancel_requested_at=now)
        attempt = self._runner.attempt(build)
        if attempt is not None:
            attempt.stop(Reason.CANCELLED)
            with anyio.move_on_after(CANCEL_SECONDS):
                await attempt.settled.wait()
        self.bells.ring(build)
        found = await self.get(call, build)
        if found.state is State.PENDING:
            # An interruption put it back into the queue between our two looks.
            return await self.cancel(call, build)
        if found.state not in (State.CANCELLED, State.RUNNING):
            raise _conflict(found, action=Action.CANCEL)
        return found

    async def delete(self, call: Call, build: str, *, clean_image: bool) -> None:
        """Delete a build with its files, and its image if asked.

        Raises `build-state-conflict` while it waits or runs. Once this returns the build is gone
        for everybody; what is left of it goes even if the server dies meanwhile.
        """
        found = await self._writable(call, build)
        if not (found.state.terminal or found.draft):
            raise _conflict(found, action=Action.DELETE)
        async with self._ledger.write() as store:
            await store.change(
                build, expected=[found.state], deleted_at=self._clock(), clean_image=clean_image
            )
            marked = await store.get(build)
        if marked is not None:
            try:
                await self._runner.remove(marked)
            except Fault as fault:
                # The intent is stored: the sweep finishes it when the engine is back.
                if not fault.entry.retryable:
                    raise

    async def upload(
        self,
        call: Call,
        build: str,
        path: str,
        body: AsyncIterable[bytes],
        *,
        executable: bool | None = None,
    ) -> int:
        """Store one context file of a draft from a stream; tells its size in bytes."""
        await self._draft(call, build)
        plain = context_path(path)
        if plain is None:
            raise InvalidFields.one(
                "path",
                zh="路径必须留在构建上下文之内，并且能作为文件名",
                en="The path must stay inside the context, and be one that a file can have",
            )
        async with self.files.upload(build, plain, body, executable=executable) as upload:
            # The body may have taken long: the build may run by now, or be gone.
            await self._draft(call, build)
            await upload.place()
        return upload.size

    async def artifacts(self, call: Call, build: str) -> list[ArtifactInfo]:
        """What a build made."""
        await self.get(call, build)
        async with self._ledger.read() as store:
            return [_artifact(artifact) for artifact in await store.artifacts_of(build)]

    async def artifact(self, call: Call, build: str, name: str) -> tuple[ArtifactInfo, Path]:
        """One artifact and the file that holds it; raises `artifact-not-found`."""
        for artifact in await self.artifacts(call, build):
            if artifact.name == name:
                return artifact, self.files.artifacts(build) / artifact.sha256
        raise ARTIFACT_NOT_FOUND(
            build=build,
            artifact=name,
            details={"build_id": build, "artifact": name, "resource_type": "artifact"},
        )

    async def state(self, build: str) -> State | None:
        """Where a build stands now; None when it is gone."""
        # Followers ask with every ring: what runs here is known without a look at the database.
        if self._runner.attempt(build) is not None:
            return State.RUNNING
        async with self._ledger.read() as store:
            found = await store.get(build)
        return None if found is None or found.deleted_at else found.state

    async def states(self, builds: Collection[str]) -> dict[str, State]:
        """Where builds stand now, by id; those that are gone are not in it."""
        async with self._ledger.read() as store:
            return await store.states(builds)

    async def made_by(self, build: str) -> Made | None:
        """What a build made, whoever owns it; None when it is gone."""
        async with self._ledger.read() as store:
            found = await store.get(build)
            if found is None or found.deleted_at:
                return None
            return Made(found, await store.artifacts_of(build), self.files.artifacts(build))

    async def measure_queue(self) -> None:
        """Tell the load how long the oldest build in the queue has waited."""
        async with self._ledger.read() as store:
            waiting, _ = await store.waiting(self._node)
        now = self._clock()
        waited = [(now - build.queued_at).total_seconds() for build in waiting]
        self._load.queue_seconds = max(waited, default=0.0)

    async def count_by_state(self) -> dict[str, int]:
        """How many builds of this database there are in each state."""
        async with self._ledger.read() as store:
            return await store.count_by_state()

    def _readable(self, call: Call) -> Scope:
        call.require(Permission.BUILDS_READ)
        all_owners = call.principal.may(Permission.BUILDS_READ_ALL)
        return Scope(call.principal.tenant, None if all_owners else call.principal.user)

    async def _writable(self, call: Call, build: str) -> Build:
        call.require(Permission.BUILDS_WRITE)
        found = await self.get(call, build)
        if found.owner_id != call.principal.user:
            call.require(Permission.BUILDS_WRITE_ALL)
        return found

    async def _draft(self, call: Call, build: str) -> None:
        found = await self._writable(call, build)
        if not found.draft:
            raise _conflict(found, action=Action.UPLOAD)

    def _definition(self, call: Call, wanted: NewBuild) -> tuple[Build, dict[Any, bytes]]:
        context, errors = wanted.decoded_files()
        if errors:
            raise InvalidFields(errors)
        if wanted.spec_content is not None:
            spec = parsed_spec(wanted.spec_content)
            dockerfile = dockerfile_for(spec, base=wanted.base_image or self._settings.base_image)
            context[spec_file(spec)] = wanted.spec_content.encode()
        else:
            assert wanted.dockerfile_content is not None
            dockerfile = wanted.dockerfile_content
        checked_dockerfile(dockerfile, target=wanted.target, build_args=wanted.build_args)
        tag = image_tag(wanted.name)
        assert tag is not None
        return (
            Build(
                id=new_id("build"),
                tenant_id=call.principal.tenant,
                owner_id=call.principal.user,
                node=self._node,
                name=wanted.name,
                state=State.PENDING,
                dockerfile_content=dockerfile,
                spec_content=wanted.spec_content,
                build_args=wanted.build_args,
                labels=wanted.labels,
                target=wanted.target,
                cache_enabled=wanted.cache_enabled,
                cache_from=wanted.cache_from,
                optimize=wanted.optimize,
                timeout=wanted.timeout or self._settings.default_timeout,
                created_at=self._clock(),
                image_tag=tag,
            ),
            context,
        )

    async def _enqueue(self, build: Build) -> tuple[Build, Queue | None]:
        now = self._clock()
        async with self._ledger.write() as store:
            if not await store.enqueue(build.id, now=now):
                raise _conflict(build, action=Action.EXECUTE)
        try:
            await self._runner.dispatch()
            async with self._ledger.read() as store:
                queued = await store.get(build.id) or build
            return queued, await self._queue_of(queued)
        except Fault as fault:
            if not fault.entry.retryable:
                raise
            # It is in the queue, and the runner will find it there: an error would invite a second try.
            return replace(build, queued_at=now), None

    async def _queue_of(self, build: Build) -> Queue | None:
        if build.state is not State.PENDING or build.draft:
            return None
        order = await self._runner.queue()
        if build.id not in order:
            return None
        return Queue(position=order.index(build.id) + 1, reason=self._runner.waiting_for(build))

    def _steps(self, build: Build) -> Steps | None:
        attempt = self._runner.attempt(build.id)
        if attempt is not None:
            narrator = attempt.narrator
            return Steps(total=narrator.total, done=narrator.done, cached=narrator.cached)
        if build.steps_total is None:
            return None
        return Steps(total=build.steps_total, done=build.steps_done or 0, cached=build.steps_cached or 0)


def _image(build: Build) -> BuiltImage | None:
    if build.image_id is None:
        return None
    return BuiltImage(
        id=build.image_id, tag=build.image_tag, size=build.image_size, layers=build.image_layers
    )


def _artifact(artifact: Artifact) -> ArtifactInfo:
    return ArtifactInfo(
        name=artifact.name,
        size=artifact.size,
        path=artifact.path,
        sha256=artifact.sha256,
        rpm=None if artifact.rpm is None else Rpm.model_validate(artifact.rpm),
    )


def _error(build: Build, language: Language) -> BuildError | None:
    if build.error_slug is None:
        return None
    entry = OUTCOMES.get(build.error_slug)
    facts = build.error_facts or {}
    if entry is None:
        return BuildError(code=build.error_slug, message=", ".join(map(str, facts.values())))
    return BuildError(code=entry.slug, message=entry.sentence(language, facts))


def _conflict(build: Build, *, action: Action) -> Fault:
    details = {
        "build_id": build.id,
        "resource_type": "build",
        "state": build.state.value,
        "action": action.value,
    }
    return BUILD_STATE_CONFLICT(state=build.state.value, action=action.value, details=details)


def _dockerignore(context: dict[Any, bytes]) -> str | None:
    for path, content in context.items():
        if str(path) == ".dockerignore":
            return content.decode("utf-8", "replace")
    return None
