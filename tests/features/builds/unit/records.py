"""Builds to store."""

import uuid
from datetime import UTC, datetime, timedelta

from eulermaker.features.builds.ledger import Ledger
from eulermaker.features.builds.rules import State
from eulermaker.features.builds.store import Build, Scope

NOW = datetime(2026, 11, 20, tzinfo=UTC)
EVERYTHING = Scope("tenant", None)


def build(
    *,
    tenant: str = "tenant",
    owner: str = "ann",
    name: str = "hello",
    minutes: int = 0,
    state: State = State.PENDING,
) -> Build:
    """A build that was not executed yet, unless its state tells otherwise."""
    return Build(
        id=f"build_{uuid.uuid4().hex[:12]}",
        tenant_id=tenant,
        owner_id=owner,
        node="node_1",
        name=name,
        state=state,
        dockerfile_content="FROM scratch\n",
        spec_content=None,
        build_args={"键": "值"},
        labels={},
        target=None,
        cache_enabled=True,
        cache_from=["a:1"],
        timeout=60,
        created_at=NOW + timedelta(minutes=minutes),
        image_tag=f"{name}:latest",
    )


async def add(ledger: Ledger, *builds: Build) -> None:
    """Store the builds."""
    async with ledger.write() as store:
        for one in builds:
            await store.add(one)
