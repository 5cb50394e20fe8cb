"""A spec built in phases: what a later build does not change is not done again.

Three layers instead of one: BuildRequires, which depend on nothing but their own lines of the spec;
compiling, which depends on the sources and on the spec without its release and changelog; packaging.
On demand (`max`) compiling goes on in the tree that an earlier build left.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import PurePosixPath
from typing import Any, Final

from eulermaker.features.builds.spec_build import install_of, names_of
from eulermaker.features.optimizer.surroundings import Surroundings
from eulermaker.formats.spec import Spec

#: Where the user's files and ours lie in the context that is served.
SOURCES, DEFINITION, OURS = "sources", "definition", "ours"
#: Layers of BuildRequires, one upon the other, before they are made one again.
MAX_LAYERS: Final = 4
_DRIVER: Final = "rpm_phases.sh"
_SITE: Final = "config.site"
# Empty directories that every distribution has: what is mounted there leaves no trace.
_MOUNTED, _KEPT = "/mnt", "/media"

_SECTION: Final = re.compile(
    r"%(description|package|prep|generate_buildrequires|conf|build|install|check|clean|files|changelog"
    r"|sourcelist|patchlist|sepolicy|verifyscript|pre|post|preun|postun|pretrans|posttrans|trigger\w*"
    r"|filetrigger\w*|transfiletrigger\w*)(?=\s|\Z)"
)
_RELEASE: Final = re.compile(r"(?im)^(\s*Release\s*:[ \t]*)\S.*$")
# What says nothing of the packages that a build needs.
_IRRELEVANT: Final = re.compile(
    r"\s*(Summary|License|URL|Group|Source\d*|Patch\d*|Requires(\([\w,]+\))?|Provides|Obsoletes|Conflicts"
    r"|Recommends|Suggests|Supplements|Enhances|Packager|Vendor|BugURL|Distribution|ModularityLabel|Release)\s*:",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class RequiresLayer:
    """One layer of BuildRequires: the spec that dnf reads, the names for apt, and all that is wanted."""

    spec: str
    names: tuple[str, ...]
    wanted: tuple[str, ...]

    @classmethod
    def of(cls, text: str, spec: Spec) -> "RequiresLayer | None":
        """The layer of a spec; None where its preamble cannot be told from the rest."""
        preamble = _preamble(text)
        if preamble is None:
            return None
        return cls(preamble, tuple(names_of(spec)), tuple(map(str, spec.build_requires)))


def layers(record: Mapping[str, Any] | None) -> tuple[RequiresLayer, ...]:
    """The layers that an earlier build of the package had, from its record."""
    told = (record or {}).get("requires") or ()
    return tuple(RequiresLayer(each["spec"], tuple(each["names"]), tuple(each["wanted"])) for each in told)


def stacked(before: Sequence[RequiresLayer], wanted: RequiresLayer) -> tuple[RequiresLayer, ...]:
    """The layers for what is wanted: on top of those of an earlier build where nothing was taken away."""
    if not before or before[-1] == wanted:
        return tuple(before) or (wanted,)
    if set(before[-1].wanted) <= set(wanted.wanted) and len(before) < MAX_LAYERS:
        return (*before, wanted)
    return (wanted,)


@dataclass(frozen=True, slots=True)
class SpecForm:
    """The Dockerfile of a spec's phases, and our files beside the user's.

    `kept` is the image with the tree of an earlier build, for a draft that goes on in it.
    """

    spec: Spec
    text: str
    file: PurePosixPath
    base: str
    requires: tuple[RequiresLayer, ...]
    surroundings: Surroundings
    draft: bool
    kept: str | None = None

    @property
    def dockerfile(self) -> str:
        """The Dockerfile that is built."""
        return "\n".join([*self._requires(), *(self._resumed() if self.draft else self._phased()), ""])

    @property
    def added(self) -> Mapping[str, bytes]:
        """Our files, by their paths in the context."""
        driver = _resource(_DRIVER)
        files = {
            f"{OURS}/requires-{number}/{self.file}": layer.spec.encode()
            for number, layer in enumerate(self.requires)
        }
        files[f"{OURS}/package/{_DRIVER}"] = driver
        if self.draft:
            files[f"{OURS}/package/{_SITE}"] = _resource(_SITE)
        else:
            files[f"{OURS}/compile/{_DRIVER}"] = driver
            files[f"{OURS}/compile/{self.file}"] = compiled_spec(self.text).encode()
        return files

    def _requires(self) -> Iterator[str]:
        # What dnf and apt fetch is kept; only what is installed belongs to the image.
        mounts = " ".join(
            f"--mount=type=cache,id={self.surroundings.cache_id('packages', self.base, target)},"
            f"target={target},sharing=locked"
            for target in ("/var/cache/dnf", "/var/cache/apt", "/var/lib/apt/lists")
        )
        yield f"FROM {self.base} AS requires"
        yield "WORKDIR /root/rpmbuild"
        for number, layer in enumerate(self.requires):
            yield f"COPY {OURS}/requires-{number}/{self.file} SPECS/{self.file}"
            yield f"RUN {mounts} {install_of(self.file, layer.names, hurried=self.draft)}"
        if self.draft:
            yield f"RUN {mounts} {_COMPILER_CACHE}"

    def _phased(self) -> Iterator[str]:
        yield "FROM requires AS compiled"
        yield f"COPY {SOURCES}/ SOURCES/"
        yield f"RUN {_bind('compile')} sh {_MOUNTED}/{_DRIVER} compile {_MOUNTED}/{self.file}"
        yield "FROM compiled"
        yield from self._definition()
        yield f"RUN {_bind('package')} sh {_MOUNTED}/{_DRIVER} package SPECS/{self.file}"

    def _resumed(self) -> Iterator[str]:
        if self.kept:
            yield f"FROM {self.kept} AS kept"
        yield "FROM requires"
        yield f"COPY {SOURCES}/ SOURCES/"
        yield from self._definition()
        cache = self.surroundings.cache_id("ccache", self.base, "")
        # It locks its own entries; so builds need not wait for one another.
        mounts = f"{_bind('package')} --mount=type=cache,id={cache},target=/root/.cache/ccache,sharing=shared"
        if self.kept:
            mounts += f" --mount=type=bind,from=kept,source=/root/rpmbuild,target={_KEPT}"
        yield f"RUN {mounts} sh {_MOUNTED}/{_DRIVER} resume SPECS/{self.file}"

    def _definition(self) -> Iterator[str]:
        yield f"COPY {DEFINITION}/ SOURCES/"
        yield f"COPY {DEFINITION}/{self.file} SPECS/{self.file}"


# A draft is built without it where the repositories have none.
_COMPILER_CACHE: Final = (
    "if command -v ccache >/dev/null; then :; "
    "elif command -v dnf >/dev/null && ! command -v apt-get >/dev/null; then dnf install -y ccache || :; "
    "else apt-get update && apt-get install -y --no-install-recommends ccache || :; fi"
)


def compiled_spec(text: str) -> str:
    """The spec as far as compiling may depend on it: without its release and its changelog."""
    lines = text.splitlines(keepends=True)
    kept: list[str] = []
    section = ""
    for line in lines:
        if found := _SECTION.match(line):
            section = found[1]
        if section != "changelog":
            kept.append(line)
    return _RELEASE.sub(r"\g<1>0", "".join(kept), count=1)


def _preamble(text: str) -> str | None:
    """What of a spec dnf needs to know its BuildRequires; None where a condition reaches beyond it."""
    kept, depth = [], 0
    for line in text.splitlines():
        if _SECTION.match(line):
            break
        depth += bool(re.match(r"%if", line)) - bool(re.match(r"%endif", line))
        if not _IRRELEVANT.match(line) and not line.startswith("#"):
            kept.append(line.rstrip())
    else:
        return None
    if depth:
        return None
    fixed = ["Summary: BuildRequires", "License: None", "Release: 0"]
    return "\n".join([*filter(None, kept), *fixed, "%description", ""])


def _bind(folder: str) -> str:
    return f"--mount=type=bind,source={OURS}/{folder},target={_MOUNTED}"


def _resource(name: str) -> bytes:
    return resources.files("eulermaker.features.builds").joinpath(name).read_bytes()
