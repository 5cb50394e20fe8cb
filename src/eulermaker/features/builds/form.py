"""The form in which a build is handed to the engine: as it is written, or rewritten to cost less."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eulermaker.features.builds.files import ContextArchive, ContextManifest
from eulermaker.features.builds.store import Build
from eulermaker.features.optimizer.findings import diff
from eulermaker.features.optimizer.schemas import Level
from eulermaker.features.optimizer.service import analyze, facts_of
from eulermaker.features.optimizer.surroundings import Surroundings
from eulermaker.formats.dockerfile import parse
from eulermaker.formats.image_reference import names_image

MAX_DIFF = 256 * 1024


@dataclass(frozen=True, slots=True)
class Form:
    """A Dockerfile that is built in the place of the one that is written, and what was done to that.

    `applied` has rule, line and facts of each change. `added` are files of ours in the context, under
    names that nothing of the user's copies.
    """

    dockerfile: str
    applied: tuple[Mapping[str, Any], ...] = ()
    added: Mapping[str, bytes] = field(default_factory=dict)

    def rewrites(self, build: Build) -> bool:
        """Whether this is not the build as it is written."""
        return self.dockerfile != build.dockerfile_content

    def diff(self, build: Build) -> str:
        """What changed, as a unified diff, cut where it gets too long."""
        return diff(build.dockerfile_content, self.dockerfile)[:MAX_DIFF]


def as_written(build: Build) -> Form:
    """The build as it is written."""
    return Form(build.dockerfile_content)


def may_be_rewritten(build: Build) -> bool:
    """Whether the user wants that: who wants no cache wants every step as it stands there."""
    return build.optimize is not Level.OFF and build.cache_enabled


def bases_of(build: Build) -> set[str]:
    """The images that the build starts from, as far as their names are plain."""
    return {stage.base for stage in parse(build.dockerfile_content).stages if names_image(stage.base)}


def optimized(build: Build, archive: ContextArchive, *, users: Mapping[str, str], platform: str) -> Form:
    """The build with everything done that is safe; `users` are those of its base images."""
    surroundings = Surroundings(
        files=ContextManifest(archive), users=users, tenant=build.tenant_id, architecture=platform
    )
    analysis = analyze(build.dockerfile_content, surroundings)
    return Form(
        analysis.optimized,
        tuple(
            {"rule": each.rule.slug, "line": each.line, "facts": dict(facts_of(each))}
            for each in analysis.applied
        ),
    )
