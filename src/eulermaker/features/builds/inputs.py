"""What a build's result depends on, as one fingerprint: the same inputs make the same result."""

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from typing import Final

from eulermaker.features.builds.files import ContextArchive
from eulermaker.features.builds.store import Build
from eulermaker.formats.dockerfile import Dockerfile, Instruction, context_sources, external_images, parse

#: Goes up when results of older versions are not what this one would make.
_VERSION: Final = 1
_PLATFORM_VARIABLE: Final = re.compile(r"\$\{?(TARGET|BUILD)(PLATFORM|OS|ARCH|VARIANT)")
_ELSEWHERE: Final = re.compile(r"[a-z][a-z0-9+.-]*://|git@")
#: What is mounted from outside of the build.
_UNKNOWN_MOUNTS: Final = frozenset({"secret", "ssh"})


def images_needed(build: Build) -> frozenset[str]:
    """The images that a build starts from or takes files from."""
    dockerfile = parse(build.dockerfile_content)
    found = external_images(dockerfile, build.target, build.build_args)
    return frozenset(image.reference for image in found)


def fingerprint(
    build: Build, archive: ContextArchive, *, platform: str, images: Mapping[str, str]
) -> str | None:
    """The fingerprint of a build's inputs; None where one of them can change and nobody would know.

    `images` are the ids of the images that it needs, as far as the engine has them. Whose build it is
    belongs to it: a result is nobody else's.
    """
    dockerfile = parse(build.dockerfile_content)
    needed = images_needed(build)
    if not needed <= images.keys() or not _pinned(dockerfile):
        return None
    told = {
        "version": _VERSION,
        "whose": [build.tenant_id, build.owner_id],
        "instructions": [_plain(each) for each in dockerfile.instructions],
        "spec": build.spec_content,
        "arguments": build.build_args,
        "labels": build.labels,
        "target": build.target,
        "cache_from": build.cache_from,
        "level": build.optimize.value,
        "platform": platform,
        "images": {name: images[name] for name in sorted(needed)},
        "context": _context(build, archive, dockerfile),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _pinned(dockerfile: Dockerfile) -> bool:
    """Whether nothing is taken from where it may have changed, as far as the Dockerfile tells."""
    if any(directive.name == "syntax" for directive in dockerfile.directives):
        return False
    if any(_PLATFORM_VARIABLE.search(stage.base) for stage in dockerfile.stages):
        return False
    return not any(_reaches_out(each) for each in dockerfile.instructions)


def _reaches_out(instruction: Instruction) -> bool:
    if instruction.keyword == "ADD":
        return any(_ELSEWHERE.match(word) or "$" in word for word in instruction.words[:-1])
    return any(mount.get("type") in _UNKNOWN_MOUNTS for mount in instruction.mounts)


def _plain(instruction: Instruction) -> list[object]:
    """An instruction without what makes no difference: comments, continued lines, the case of its name."""
    flags = [[flag.name, flag.value] for flag in instruction.flags]
    heredocs = [[each.name, each.expand, each.chomp, each.content] for each in instruction.heredocs]
    return [instruction.keyword, flags, instruction.arguments, instruction.json_form, heredocs]


def _context(build: Build, archive: ContextArchive, dockerfile: Dockerfile) -> str:
    """A digest of the files that are sent: names, modes and contents, without times."""
    sources = [source.pattern for source in context_sources(dockerfile, build.target, build.build_args)]
    sources += [pattern for each in dockerfile.instructions for pattern in _mounted(each)]
    digest = hashlib.sha256()
    for entry in sorted(archive.entries(), key=lambda entry: entry.path):
        # The Dockerfile is an input as a file only where a COPY can take it.
        if entry.path == archive.dockerfile and not any(_covers(each, entry.path) for each in sources):
            continue
        digest.update(json.dumps([entry.path, entry.mode, entry.size, entry.directory]).encode())
        if not entry.directory:
            for chunk in archive.read(entry.path):
                digest.update(chunk)
    return digest.hexdigest()


def _mounted(instruction: Instruction) -> list[str]:
    """What a RUN mounts of the context."""
    binds = (mount for mount in instruction.mounts if mount.get("type", "bind") == "bind")
    return [mount.get("source") or mount.get("src") or "." for mount in binds if "from" not in mount]


def _covers(pattern: str, path: str) -> bool:
    """Whether a source of a COPY may take the file."""
    plain = posixpath.normpath(f"/{pattern}").lstrip("/")
    return not plain or plain == path or re.search(r"[*?\[\\$]", plain) is not None
