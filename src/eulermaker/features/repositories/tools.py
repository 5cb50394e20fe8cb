"""The programs that make and sign repositories: processes with a deadline, and never through a shell."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from eulermaker.features.repositories.faults import PUBLISHING_FAILED, TOOL_MISSING
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.settings import Repositories as RepositorySettings

#: Where Debian has them; others call the packages createrepo_c, gnupg2 and rpm-sign.
_PACKAGES = {"createrepo": "createrepo-c", "gpg": "gnupg", "gpgconf": "gpgconf", "rpmsign": "rpm"}
TOLD_LENGTH = 300
PACKAGES, METADATA = "Packages", "repodata"
REPOMD = "repomd.xml"


class ToolFailed(Exception):
    """A program ended with an error; the text is the last that it said."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Where the programs are."""

    settings: RepositorySettings

    def missing(self, *, signing: bool) -> Fault | None:
        """The fault that tells which program is not installed; those for signing count when asked for."""
        for tool in ("createrepo", *(("gpg", "gpgconf", "rpmsign") if signing else ())):
            if self._found(tool) is None:
                return _missing(tool, self._name(tool))
        return None

    async def run(
        self,
        tool: str,
        arguments: Sequence[str],
        *,
        home: Path,
        environment: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> bytes:
        """What the program says on its standard output; the deadline is the caller's.

        Raises ToolFailed, and `repository-tool-missing`.
        """
        program = self._found(tool)
        if program is None:
            raise _missing(tool, self._name(tool))
        # Cancelled, this ends the process.
        done = await anyio.run_process(
            [program, *arguments],
            input=stdin,
            check=False,
            cwd=home,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": str(home), **(environment or {})},
        )
        if done.returncode != 0:
            raise ToolFailed(f"{self._name(tool)}: {_last_words(done.stderr)}")
        return done.stdout

    async def index(self, folder: Path, *, previous: Path | None, revision: int) -> None:
        """Write the metadata of the packages in a folder; what `previous` has of them is not read again."""
        known = ("--update", "--update-md-path", str(previous)) if previous is not None else ()
        arguments = (
            "--quiet",
            "--no-database",
            # What every dnf and yum can read.
            "--general-compress-type=gz",
            "--workers=1",
            f"--revision={revision}",
            *known,
            str(folder),
        )
        await self.run("createrepo", arguments, home=folder)

    def program(self, tool: str) -> str:
        """The path of a program; raises `repository-tool-missing`."""
        found = self._found(tool)
        if found is None:
            raise _missing(tool, self._name(tool))
        return found

    def _name(self, tool: str) -> str:
        return str(getattr(self.settings, tool))

    def _found(self, tool: str) -> str | None:
        return shutil.which(self._name(tool))


def failed(error: Exception) -> Fault:
    """The fault that tells why a repository was not published, without paths of this host."""
    match error:
        case Fault():
            return error
        case ToolFailed():
            reason = str(error)
        case TimeoutError():
            reason = "time limit"
        case OSError(strerror=told):
            reason = told or type(error).__name__
        case _:
            raise error
    return PUBLISHING_FAILED(reason=reason)


def _missing(tool: str, name: str) -> Fault:
    package = _PACKAGES[tool]
    return TOOL_MISSING(tool=name, package=package, details={"tool": name, "package": package})


def _last_words(stderr: bytes) -> str:
    lines = stderr.decode(errors="replace").strip().splitlines() or ["no reason told"]
    # A path says where this host keeps things, which is nobody's business.
    words = (word if "/" not in word else "…" for word in lines[-1].split())
    return " ".join(words)[:TOLD_LENGTH]
