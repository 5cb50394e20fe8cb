"""Packages that are fetched anew in every build: keep them in a cache that is no part of the image."""

from collections.abc import Iterator
from typing import Final

from eulermaker.features.optimizer.findings import Edit, Finding, Rule, Severity, placed
from eulermaker.features.optimizer.package_managers import PackageManager, cleans, fetches, manager_of
from eulermaker.features.optimizer.runs import Run, is_superuser, understood, user_before
from eulermaker.features.optimizer.surroundings import Surroundings
from eulermaker.formats.dockerfile import Dockerfile
from eulermaker.formats.shell import Command

PACKAGE_CACHE: Final = Rule(
    "package-cache",
    Severity.WARNING,
    safe=True,
    zh="每次构建都会重新下载 {manager} 的软件包；挂载缓存 {caches}，下次只下载新的",
    en="The packages of {manager} are fetched in every build; mount a cache at {caches} "
    "to fetch new ones only",
)
RULES: Final = (PACKAGE_CACHE,)


def find(dockerfile: Dockerfile, surroundings: Surroundings) -> Iterator[Finding]:
    """RUNs that fetch packages without a cache mount."""
    for each in placed(dockerfile):
        run = understood(each, escape=dockerfile.escape)
        manager = None if run is None else _only_manager(run)
        if run is None or manager is None or not _fits(run, manager, dockerfile, surroundings):
            continue
        base = each.stage.base
        mounts = [_mount(manager, cache, base, surroundings) for cache in manager.caches]
        edits = [Edit(run.flags_end, run.flags_end, "".join(f" {mount} \\\n   " for mount in mounts))]
        for command in run.commands:
            edits += _edits(command, run, manager)
        yield Finding(
            PACKAGE_CACHE,
            each.instruction.line,
            {"manager": manager.name, "caches": ", ".join(manager.caches)},
            tuple(edits),
        )


def _only_manager(run: Run) -> PackageManager | None:
    """The package manager that fetches; None where none or several do: each keeps to its own RUN."""
    found = {manager.name: manager for c in run.commands if fetches(c) and (manager := manager_of(c))}
    return next(iter(found.values())) if len(found) == 1 else None


def _fits(run: Run, manager: PackageManager, dockerfile: Dockerfile, surroundings: Surroundings) -> bool:
    """Whether nothing in the RUN would notice the mounts."""
    mounted = {mount.get("target") or mount.get("dst") for mount in run.placed.instruction.mounts}
    if mounted & set(manager.caches):
        return False
    user = user_before(run.placed, dockerfile, surroundings.users)
    if manager.of_root and not is_superuser(user):
        return False
    return not any(_uses_cache(command, run, manager) for command in run.commands)


def _uses_cache(command: Command, run: Run, manager: PackageManager) -> bool:
    if cleans(command, manager) or command.name == "rm":
        return False
    text = run.text[command.start : command.end]
    return any(cache in text for cache in manager.caches)


def _mount(manager: PackageManager, cache: str, base: str, surroundings: Surroundings) -> str:
    identifier = surroundings.cache_id(manager.name, base, cache)
    named = f"id={identifier}," if identifier else ""
    return f"--mount=type=cache,{named}target={cache},sharing=locked"


def _edits(command: Command, run: Run, manager: PackageManager) -> Iterator[Edit]:
    """What becomes of a command when the cache is to be kept."""
    if cleans(command, manager):
        yield _without(command, run)
    elif command.name == "rm":
        yield from _kept_from_rm(command, run, manager)
    elif fetches(command) and manager_of(command) is manager:
        if manager.keep:
            at = run.start + command.words[0].end
            yield Edit(at, at, f" {manager.keep}")
        for word in command.words[1:]:
            instead = manager.uncached.get(word.value or "")
            if instead is not None:
                start = word.start if instead else _blanks_before(run.text, word.start)
                yield Edit(run.start + start, run.start + word.end, instead)


def _kept_from_rm(command: Command, run: Run, manager: PackageManager) -> Iterator[Edit]:
    targets = [word for word in command.words[1:] if not run.text[word.start : word.end].startswith("-")]
    kept = [word for word in targets if run.text[word.start : word.end] in manager.trash]
    if targets and len(kept) == len(targets):
        yield _without(command, run)
    else:
        for word in kept:
            yield Edit(run.start + _blanks_before(run.text, word.start), run.start + word.end, "")


def _without(command: Command, run: Run) -> Edit:
    """Leave the command out; where others look at its result, one that succeeds takes its place."""
    if command.after == "" and command.before == "&&":
        previous = run.commands[run.commands.index(command) - 1]
        return Edit(run.start + previous.end, run.start + command.end, "")
    return Edit(run.start + command.start, run.start + command.end, "true")


def _blanks_before(text: str, at: int) -> int:
    while at > 0 and text[at - 1] in " \t":
        at -= 1
    return at
