"""Package managers: how each is told to install, where it caches, and what throws the cache away."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from eulermaker.formats.shell import Command

#: The directory under which the caches of the superuser's own tools lie.
ROOT_HOME: Final = "/root"


@dataclass(frozen=True, slots=True)
class PackageManager:
    """One package manager.

    `verbs` are the subcommands that fetch, `caches` the directories that they fill, `keep` what to
    say so that fetched packages stay there, `uncached` what to say instead of the options that switch
    the cache off, and `cleaning` the arguments and `trash` the paths with which people throw it away.
    """

    name: str
    verbs: frozenset[str]
    caches: tuple[str, ...]
    keep: str = ""
    uncached: Mapping[str, str] = field(default_factory=dict)
    cleaning: tuple[tuple[str, ...], ...] = ()
    trash: frozenset[str] = frozenset()

    @property
    def of_root(self) -> bool:
        """Whether the cache is where it is only for the superuser."""
        return any(cache.startswith(ROOT_HOME) for cache in self.caches)


_DNF_VERBS: Final = frozenset(
    {
        "install",
        "reinstall",
        "update",
        "upgrade",
        "groupinstall",
        "builddep",
        "makecache",
        "swap",
        "localinstall",
    }
)
_DNF_CLEANING: Final = (("clean", "all"), ("clean", "packages"), ("clean", "metadata"))


def _trash(*directories: str) -> frozenset[str]:
    return frozenset(
        text for directory in directories for text in (directory, f"{directory}/", f"{directory}/*")
    )


_APT: Final = PackageManager(
    "apt",
    verbs=frozenset({"install", "update", "upgrade", "dist-upgrade", "full-upgrade", "build-dep"}),
    caches=("/var/cache/apt", "/var/lib/apt/lists"),
    cleaning=(("clean",), ("autoclean",)),
    trash=_trash("/var/lib/apt/lists", "/var/cache/apt", "/var/cache/apt/archives"),
)
_PIP: Final = PackageManager(
    "pip",
    verbs=frozenset({"install", "wheel", "download"}),
    caches=(f"{ROOT_HOME}/.cache/pip",),
    uncached={"--no-cache-dir": ""},
    cleaning=(("cache", "purge"),),
    trash=_trash(f"{ROOT_HOME}/.cache/pip", f"{ROOT_HOME}/.cache"),
)

#: By the name of the command.
PACKAGE_MANAGERS: Final[Mapping[str, PackageManager]] = {
    "dnf": PackageManager(
        "dnf",
        verbs=_DNF_VERBS,
        caches=("/var/cache/dnf",),
        keep="--setopt=keepcache=1",
        cleaning=_DNF_CLEANING,
        trash=_trash("/var/cache/dnf", "/var/cache/yum"),
    ),
    "yum": PackageManager(
        "yum",
        verbs=_DNF_VERBS,
        caches=("/var/cache/yum", "/var/cache/dnf"),
        keep="--setopt=keepcache=1",
        cleaning=_DNF_CLEANING,
        trash=_trash("/var/cache/yum", "/var/cache/dnf"),
    ),
    "microdnf": PackageManager(
        "microdnf",
        verbs=_DNF_VERBS,
        caches=("/var/cache/yum", "/var/cache/dnf"),
        keep="--setopt=keepcache=1",
        cleaning=_DNF_CLEANING,
        trash=_trash("/var/cache/yum", "/var/cache/dnf"),
    ),
    "apt-get": _APT,
    "apt": _APT,
    "apk": PackageManager(
        "apk",
        verbs=frozenset({"add", "update", "upgrade", "fetch"}),
        caches=("/etc/apk/cache",),
        # Without a cache it fetches the index anew; with one it must be told to.
        uncached={"--no-cache": "--update-cache"},
        cleaning=(("cache", "clean"), ("cache", "purge")),
        trash=_trash("/var/cache/apk", "/etc/apk/cache"),
    ),
    "pip": _PIP,
    "pip3": _PIP,
    "npm": PackageManager(
        "npm",
        verbs=frozenset({"install", "i", "ci", "add"}),
        caches=(f"{ROOT_HOME}/.npm",),
        cleaning=(("cache", "clean", "--force"), ("cache", "clean")),
        trash=_trash(f"{ROOT_HOME}/.npm"),
    ),
}


def manager_of(command: Command) -> PackageManager | None:
    """The package manager that a command runs; None where it is another program."""
    return PACKAGE_MANAGERS.get(command.name or "")


def fetches(command: Command) -> bool:
    """Whether a command has a package manager fetch something."""
    manager = manager_of(command)
    return manager is not None and _verb(command) in manager.verbs


def cleans(command: Command, manager: PackageManager) -> bool:
    """Whether a command has the manager throw its own cache away."""
    plain = tuple(each for each in command.arguments if each not in ("-y", "--assumeyes", "-q"))
    return manager_of(command) is manager and plain in manager.cleaning


def _verb(command: Command) -> str | None:
    """The subcommand: the first argument that is no option."""
    return next((each for each in command.arguments if each is not None and not each.startswith("-")), None)
