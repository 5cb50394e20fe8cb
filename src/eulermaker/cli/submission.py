"""A spec or a folder read from the disk into what a build is created from."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eulermaker.cli.dockerignore import Ignore
from eulermaker.cli.exits import Complaint
from eulermaker.cli.messages import text
from eulermaker.cli.spec import package_name, source_names

_INLINE_BYTES = 4 * 1024 * 1024  # in the request that creates the build; what is more goes one by one


@dataclass(frozen=True, slots=True)
class ContextFile:
    """A file on the disk and its path in the build's context; `size` in bytes."""

    path: str
    file: Path
    size: int
    executable: bool


@dataclass(frozen=True, slots=True)
class Submission:
    """The recipe, either a Dockerfile or a spec, and the files it works on.

    `missing` are sources that the spec names and that are not on the disk.
    """

    name: str
    dockerfile: str | None
    spec: str | None
    files: tuple[ContextFile, ...]
    missing: tuple[str, ...] = ()

    def inline(self) -> tuple[ContextFile, ...]:
        """The files to send with the request itself: the smallest, as uploads are limited in number."""
        chosen, total = [], 0
        for each in sorted(self.files, key=lambda each: each.size):
            total += each.size
            if total > _INLINE_BYTES:
                break
            chosen.append(each)
        return tuple(chosen)

    def uploads(self) -> tuple[ContextFile, ...]:
        """The files to upload one by one."""
        inline = set(self.inline())
        return tuple(each for each in self.files if each not in inline)


def read_submission(path: Path, *, name: str | None) -> Submission:
    """What lies at `path`; Complaint where nothing can be built from it."""
    if path.is_dir():
        return _from_folder(path, name)
    if not path.exists():
        raise Complaint(text("input.missing", path=path))
    if path.suffix != ".spec":
        raise Complaint(text("input.no_spec", path=path))
    return _from_spec(path, name)


def _from_folder(folder: Path, name: str | None) -> Submission:
    dockerfile = folder / "Dockerfile"
    if not dockerfile.is_file():
        raise Complaint(text("input.no_dockerfile", path=folder))
    return Submission(
        name=name or _plain(folder.resolve().name),
        dockerfile=_text_of(dockerfile),
        spec=None,
        files=tuple(sorted(context_of(folder), key=lambda each: each.path)),
    )


def _from_spec(path: Path, name: str | None) -> Submission:
    spec = _text_of(path)
    package = package_name(spec)
    if package is None:
        raise Complaint(text("input.spec_no_name", path=path))
    # Beside the spec, or where rpmbuild's own tree has them.
    folders = (path.parent, path.resolve().parent.parent / "SOURCES")
    names = source_names(spec)
    found = {
        name: file for folder in reversed(folders) for name in names if (file := folder / name).is_file()
    }
    return Submission(
        name=name or _plain(package),
        dockerfile=None,
        spec=spec,
        files=tuple(_as_it_is(source, file) for source, file in sorted(found.items())),
        missing=tuple(source for source in names if source not in found),
    )


def context_of(folder: Path) -> Iterator[ContextFile]:
    """The files of a folder that its .dockerignore leaves; Complaint where one can't be sent."""
    root = folder.resolve()
    ignore = _ignore(folder)
    for here, folders, files in os.walk(folder, onerror=_fail):
        above = Path(here).relative_to(folder)
        folders[:] = [each for each in folders if not ignore.prunes((above / each).as_posix())]
        links = [each for each in folders if Path(here, each).is_symlink()]
        for each in (*files, *links):
            path = (above / each).as_posix()
            if not ignore(path):
                yield _context_file(root, Path(here, each), path)


def _context_file(root: Path, file: Path, path: str) -> ContextFile:
    if file.is_symlink() and not file.resolve().is_relative_to(root):
        raise Complaint(text("input.symlink_leaves", path=file))
    if file.is_dir():
        raise Complaint(text("input.symlink_folder", path=file))
    if not file.is_file():
        raise Complaint(text("input.not_a_file", path=file))
    return _as_it_is(path, file)


def _as_it_is(path: str, file: Path) -> ContextFile:
    status = file.stat()
    return ContextFile(path, file, status.st_size, bool(status.st_mode & stat.S_IXUSR))


def _ignore(folder: Path) -> Ignore:
    file = folder / ".dockerignore"
    return Ignore.parse(_text_of(file)) if file.is_file() else Ignore()


def _fail(error: OSError) -> None:
    raise error


def _text_of(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise Complaint(text("input.not_text", path=file)) from error


def _plain(name: str) -> str:
    """A name that an image may have, too."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "build"
