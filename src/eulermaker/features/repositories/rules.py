"""Pure decisions about repositories: names, addresses, and which versions stay."""

import re
from collections.abc import Iterable, Mapping
from functools import cmp_to_key
from typing import Any, Protocol, TypeVar

from eulermaker.formats.rpm_version import Evr, compare

#: dnf signs in with a name and a password: the password is the token, and this is the name.
READER = "reader"
NAME_PATTERN = r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?"
_NAME = re.compile(NAME_PATTERN)
#: What files of a repository are called: the parts of a package's name, and nothing that leads elsewhere.
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+~^-]{0,250}")
#: Metadata is named after its content (createrepo_c's default), so that it never changes.
_UNCHANGING = re.compile(r"[0-9a-f]{64}-[A-Za-z0-9._-]+")


class Versioned(Protocol):
    """A package as far as its place among the versions goes."""

    @property
    def name(self) -> str: ...

    @property
    def arch(self) -> str: ...

    @property
    def evr(self) -> Evr: ...


VersionedT = TypeVar("VersionedT", bound=Versioned)


def is_name(text: str) -> bool:
    """Whether a repository can have that name; `.repo` files are at the same place."""
    return _NAME.fullmatch(text) is not None and not text.endswith(".repo")


def is_file(text: str) -> bool:
    """Whether a file of a repository can have that name."""
    return _FILE.fullmatch(text) is not None


def never_changes(folder: str, file: str) -> bool:
    """Whether what is at that address stays what it is."""
    return folder == "repodata" and _UNCHANGING.fullmatch(file) is not None


def file_of(rpm: Mapping[str, Any]) -> str | None:
    """The name of a package's file, as rpmbuild gives it; None when no file can have that name."""
    file = f"{rpm['name']}-{rpm['version']}-{rpm['release']}.{rpm['arch']}.rpm"
    return file if is_file(file) else None


def superseded(packages: Iterable[VersionedT], *, keep: int) -> list[VersionedT]:
    """What goes when so many versions of each package stay, the newest ones."""
    by_package: dict[tuple[str, str], list[VersionedT]] = {}
    for package in packages:
        by_package.setdefault((package.name, package.arch), []).append(package)
    gone: list[VersionedT] = []
    for versions in by_package.values():
        versions.sort(key=cmp_to_key(lambda one, other: compare(other.evr, one.evr)))
        gone += versions[keep:]
    return gone


def repo_file(
    name: str, *, base_url: str, description: str, signed: bool, public: bool, password: str | None
) -> str:
    """The `.repo` file that tells dnf of the repository; `base_url` has no slash at its end."""
    check = "1" if signed else "0"
    lines = [
        f"[{name}]",
        f"name={description or name}",
        f"baseurl={base_url}/",
        "enabled=1",
        f"gpgcheck={check}",
        f"repo_gpgcheck={check}",
        # What is published is there for the next command, and asking costs one small request.
        "metadata_expire=60",
    ]
    if signed:
        lines.append(f"gpgkey={base_url}/RPM-GPG-KEY")
    if not public:
        lines.append(f"username={READER}")
        lines.append(f"password={password}" if password else "# password=")
    return "\n".join([*lines, ""])
