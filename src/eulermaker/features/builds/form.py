"""The form in which a build is handed to the engine: as it is written, or rewritten to cost less."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from eulermaker.engines.port import Image
from eulermaker.features.builds.files import ContextArchive, ContextManifest
from eulermaker.features.builds.inputs import fingerprint
from eulermaker.features.builds.spec_build import parsed_spec, spec_file
from eulermaker.features.builds.spec_form import DEFINITION, SOURCES, RequiresLayer, SpecForm, layers, stacked
from eulermaker.features.builds.store import Build
from eulermaker.features.optimizer.findings import Rule, diff
from eulermaker.features.optimizer.rules.specs import KEPT_TREE, PHASES, REQUIRES_APART
from eulermaker.features.optimizer.schemas import Level
from eulermaker.features.optimizer.service import analyze, facts_of
from eulermaker.features.optimizer.surroundings import Surroundings
from eulermaker.formats.dockerfile import parse

MAX_DIFF = 256 * 1024


@dataclass(frozen=True, slots=True)
class Form:
    """A Dockerfile that is built in the place of the one that is written, and what was done to that.

    `applied` has rule, line and facts of each change. `added` are files of ours in the context, and
    `placed` says where the user's lie, for a Dockerfile that is all ours. `draft` marks what is not to
    be published; `requires` are the layers of BuildRequires that a later build may go on from.
    `known` is what phases took when they were last done in full, and `same_spec` tells that only the
    sources differ from then: with both it can be told what the build as written would have taken.
    """

    dockerfile: str
    applied: tuple[Mapping[str, Any], ...] = ()
    added: Mapping[str, bytes] = field(default_factory=dict)
    placed: Callable[[str], str] | None = None
    draft: bool = False
    requires: tuple[RequiresLayer, ...] = ()
    known: Mapping[str, float] = field(default_factory=dict)
    same_spec: bool = False

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


@dataclass(frozen=True, slots=True)
class Ground:
    """What a build stands on: the engine's platform, and those of the images it needs that are there.

    `before` is the last build of the same package, and `kept` the image that it left.
    """

    platform: str
    images: Mapping[str, Image]
    before: Build | None = None
    kept: str | None = None

    def fingerprint(self, build: Build, archive: ContextArchive) -> str | None:
        """The fingerprint of the build's inputs; None where they are not all pinned."""
        ids = {name: image.id for name, image in self.images.items()}
        return fingerprint(build, archive, platform=self.platform, images=ids)

    def form(self, build: Build, archive: ContextArchive) -> Form:
        """The build with everything done that is safe, or asked for."""
        surroundings = Surroundings(
            files=ContextManifest(archive),
            users={name: image.user for name, image in self.images.items()},
            tenant=build.tenant_id,
            architecture=self.platform,
        )
        if build.spec_content is not None:
            return self._of_spec(build, build.spec_content, archive, surroundings)
        analysis = analyze(build.dockerfile_content, surroundings)
        return Form(
            analysis.optimized,
            tuple(_told(each.rule, each.line, facts_of(each)) for each in analysis.applied),
        )

    def _of_spec(self, build: Build, text: str, archive: ContextArchive, surroundings: Surroundings) -> Form:
        spec = parsed_spec(text)
        wanted = RequiresLayer.of(text, spec)
        if wanted is None:
            return as_written(build)
        before = (self.before and self.before.optimization) or {}
        (base,) = {stage.base for stage in parse(build.dockerfile_content).stages}
        draft = build.optimize is Level.MAX
        phases = SpecForm(
            spec=spec,
            text=text,
            file=spec_file(spec),
            base=base,
            requires=stacked(layers(before), wanted),
            surroundings=surroundings,
            draft=draft,
            kept=self.kept if draft else None,
        )
        apart = {str(phases.file), archive.dockerfile}
        return Form(
            phases.dockerfile,
            (_told(REQUIRES_APART, 1, {}), _told(KEPT_TREE if draft else PHASES, 1, {})),
            added=phases.added,
            placed=lambda path: f"{DEFINITION if path in apart else SOURCES}/{path}",
            draft=draft,
            requires=phases.requires,
            known=before.get("known") or {},
            same_spec=self.before is not None and self.before.spec_content == text,
        )


def _told(rule: Rule, line: int, facts: Mapping[str, object]) -> Mapping[str, Any]:
    return {"rule": rule.slug, "line": line, "facts": dict(facts)}
