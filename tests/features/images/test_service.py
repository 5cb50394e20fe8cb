"""Having an image where it is needed, and who may take a name: on the real engine and a real registry."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from eulermaker.engines.docker.engine import DockerEngine
from eulermaker.features.audit.service import Audit
from eulermaker.features.images.pulls import Pulls
from eulermaker.features.images.service import Images
from eulermaker.features.images.view import ImageView
from eulermaker.kernel.call import Call, Principal, Role
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault
from tests.api import engine
from tests.api.things import forget, image, unique
from tests.registry import Registry, StallingWire, running_registry
from tests.server import IMAGE

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A running registry."""
    with running_registry(tmp_path_factory.mktemp("registry")) as found:
        yield found


@asynccontextmanager
async def service(tmp_path: Path) -> AsyncIterator[Images]:
    """The images of the engine; the audit record is not written here."""
    docker = DockerEngine(engine.HOST, builder="auto", clock=utc_now)
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}")
    pulls = Pulls(docker.images, clock=utc_now)
    audit = Audit(database, clock=utc_now)
    view = ImageView(docker.images, lambda change: None, clock=utc_now)
    async with anyio.create_task_group() as group:
        group.start_soon(pulls.run)
        await anyio.wait_all_tasks_blocked()
        yield Images(docker.images, view, docker.containers, pulls, audit, max_import_bytes=1024)
        group.cancel_scope.cancel()
    await docker.close()
    await database.close()


async def test_image_that_is_there_is_told_at_once(tmp_path: Path) -> None:
    async with service(tmp_path) as images:
        identifier = engine.image(IMAGE)["Id"]
        assert await images.ensure(IMAGE) == identifier
        assert await images.ensure(identifier) == identifier
        assert images.pulls.newest_first() == []


async def test_those_who_need_the_same_image_wait_for_one_pull(tmp_path: Path, registry: Registry) -> None:
    repository = unique("ensure")
    with image(os.urandom(100_000)) as name:
        registry.push(name, repository, "latest")
    wanted, found = f"{registry.host}/{repository}", []
    try:
        async with service(tmp_path) as images:

            async def ensure(reference: str) -> None:
                found.append(await images.ensure(reference))

            async with anyio.create_task_group() as group:
                group.start_soon(ensure, wanted)
                group.start_soon(ensure, f"{wanted}:latest")
            assert found == [engine.image(wanted)["Id"]] * 2
            assert len(images.pulls.newest_first()) == 1
    finally:
        forget(f"/images/{wanted}")


@pytest.mark.parametrize(
    ("reference", "slug"),
    [
        ("localhost:1/nobody/listens", "registry-unreachable"),
        ("sha256:" + "0" * 64, "image-not-found"),
        ("Not A Name", "image-not-found"),
    ],
)
async def test_image_that_cannot_be_had_is_named(tmp_path: Path, reference: str, slug: str) -> None:
    async with service(tmp_path) as images:
        for _ in range(2):
            with pytest.raises(Fault) as refused:
                await images.ensure(reference)
            assert refused.value.entry.slug == slug
            assert refused.value.entry.answers["000"].status == 404
            assert reference in refused.value.message("en")
            assert reference in refused.value.message("zh")


async def test_cancelled_pull_is_told_to_those_who_wait(tmp_path: Path, registry: Registry) -> None:
    wire = StallingWire(registry.port)
    wire.mend(room=0)
    try:
        async with service(tmp_path) as images:

            async def ensure() -> None:
                with pytest.raises(Fault) as refused:
                    await images.ensure(f"{wire.host}/stalled")
                assert refused.value.entry.slug == "image-pull-cancelled"

            async with anyio.create_task_group() as group:
                group.start_soon(ensure)
                with anyio.fail_after(30):
                    while not images.pulls.newest_first():
                        await anyio.lowlevel.checkpoint()
                await images.pulls.cancel(images.pulls.newest_first()[0])
    finally:
        wire.cut()


async def test_waiting_for_a_pull_ends(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eulermaker.features.images.service.ENSURE_SECONDS", 0.2)
    wire = StallingWire(registry.port)
    wire.mend(room=0)
    try:
        async with service(tmp_path) as images:
            with pytest.raises(Fault) as refused:
                await images.ensure(f"{wire.host}/stalled")
            [pull] = images.pulls.newest_first()
            assert refused.value.entry.slug == "image-pull-pending"
            assert pull.id in refused.value.message("en")
            # Whoever asks again finds it further on.
            assert pull.running
    finally:
        wire.cut()


async def test_names_can_be_taken_by_those_whose_they_are(tmp_path: Path) -> None:
    mine = {"org.eulermaker.owner": "user_me", "org.eulermaker.tenant": "tenant_a"}
    me, elsewhere, operator = (
        _call("user_me"),
        _call("user_me", tenant="tenant_b"),
        _call("user_op", Role.OPERATOR),
    )
    async with service(tmp_path) as images:
        with image(labels=mine) as own, image(labels={**mine, "org.eulermaker.owner": "user_b"}) as others:
            for tag in (own, f"docker.io/library/{own}", unique("free"), "0123456789ab"):
                await images.may_take(me, tag)
            for call, tag, slug in (
                (me, others, "image-name-taken"),
                (me, f"library/{others}", "image-name-taken"),
                (elsewhere, own, "image-name-taken"),
                (me, "eulermaker/anything", "image-name-reserved"),
                (me, "docker.io/eulermaker/rpm-builder:latest", "image-name-reserved"),
                (me, "eulermaker-build-0a:x", "image-name-reserved"),
            ):
                with pytest.raises(Fault) as refused:
                    await images.may_take(call, tag)
                assert refused.value.entry.slug == slug, tag
                assert tag in refused.value.message("en")
                await images.may_take(operator, tag)


def _call(user: str, role: Role = Role.USER, *, tenant: str = "tenant_a") -> Call:
    return Call(Principal(user, user, tenant, role, "session_x"), "en")
