"""One build from end to end, and what becomes of it when it is broken off."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from eulermaker.cli import show
from eulermaker.cli.display import Display
from eulermaker.cli.exits import Complaint, ExitCode
from eulermaker.cli.failure import sentence
from eulermaker.cli.messages import text
from eulermaker.cli.submission import Submission, read_submission
from eulermaker.client import Artifact, Build, Client, Conflict, EulerMakerError, ServerError


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be built, and how."""

    submission: Submission
    build_args: Mapping[str, str]
    labels: Mapping[str, str]
    target: str | None
    no_cache: bool
    base_image: str | None
    optimize: str | None
    timeout: int | None
    publish: str | None


@dataclass(frozen=True, slots=True)
class Saved:
    """An artifact and the file that it was downloaded to."""

    artifact: Artifact
    file: Path

    @property
    def description(self) -> str:
        rpm = self.artifact.rpm
        return f"{show.size(self.artifact.size)}{f'  {rpm.nevra}' if rpm else ''}"

    def as_document(self) -> dict[str, Any]:
        return {"file": str(self.file), **self.artifact.model_dump(mode="json", exclude_unset=True)}


def read_order(
    source: Path,
    *,
    name: str | None,
    build_args: Mapping[str, str],
    labels: Mapping[str, str],
    target: str | None,
    no_cache: bool,
    base_image: str | None,
    optimize: str | None,
    timeout: int | None,
    publish: str | None,
) -> Order:
    """The order for `source`; Complaint where the options don't fit what it is."""
    submission = read_submission(source, name=name)
    if base_image is not None and submission.spec is None:
        raise Complaint(text("input.base_image"))
    if target is not None and submission.dockerfile is None:
        raise Complaint(text("input.target"))
    return Order(submission, build_args, labels, target, no_cache, base_image, optimize, timeout, publish)


class Run:
    """The steps of a build, shown as they go."""

    def __init__(self, client: Client, display: Display) -> None:
        self._client = client
        self._display = display

    def all(self, order: Order, *, output: Path, follow: bool) -> tuple[Build, tuple[Saved, ...]]:
        """Submits, executes, follows and downloads; without `follow`, up to the start."""
        build = self.create(order)
        with self._cancelled_on_interrupt(build):
            with self._removed_on_failure(build):
                self._upload(build, order)
                self.execute(build)
            if not follow:
                return self._client.builds.get(build.id), ()
            ended = self._follow(build)
            return ended, self._download(ended, output) if ended.status == "success" else ()

    def submit(self, order: Order, *, execute: bool) -> Build:
        """Creates the build with all its files and, if asked, starts it."""
        build = self.create(order)
        with self._cancelled_on_interrupt(build), self._removed_on_failure(build):
            self._upload(build, order)
            if execute:
                self.execute(build)
        return self._client.builds.get(build.id)

    def create(self, order: Order) -> Build:
        """The build as the server took it, with its small files."""
        submission = order.submission
        for name in submission.missing:
            typer.echo(text("build.source_missing", name=name), err=True)
        build = self._client.builds.create(
            submission.name,
            dockerfile_content=submission.dockerfile,
            spec_content=submission.spec,
            context_files={each.path: _content(each.file) for each in submission.inline()},
            executable={each.path: each.executable for each in submission.inline()},
            build_args=order.build_args,
            labels=order.labels,
            target=order.target,
            cache_enabled=not order.no_cache,
            base_image=order.base_image,
            optimize=order.optimize,
            timeout=order.timeout,
            publish=order.publish,
        )
        self._display.note(text("build.created", id=build.id, name=build.name))
        return build

    def execute(self, build: Build) -> None:
        """Starts the build; says so when it has to wait."""
        begun = self._client.builds.execute(build.id)
        if begun.queue:
            reason = f" ({begun.queue.reason})" if begun.queue.reason else ""
            position = begun.queue.position
            self._display.note(text("build.queued", id=build.id, position=position, reason=reason))

    def _upload(self, build: Build, order: Order) -> None:
        for each in order.submission.uploads():
            moved = self._display.transfer(text("build.uploading", path=each.path, size=show.size(each.size)))
            self._client.builds.upload(
                build.id, each.path, each.file, executable=each.executable, progress=moved
            )

    def _follow(self, build: Build) -> Build:
        try:
            for line in self._client.builds.follow(build.id):
                self._display.line(line)
            return self._client.builds.get(build.id)
        except EulerMakerError:
            typer.echo(text("build.lost", id=build.id), err=True)
            raise

    def _download(self, build: Build, output: Path) -> tuple[Saved, ...]:
        return download(
            self._client, self._display, build.id, self._client.builds.artifacts(build.id), output
        )

    @contextmanager
    def _removed_on_failure(self, build: Build) -> Iterator[None]:
        """A build that could not be given its files and started is of no use to anybody."""
        try:
            yield
        except (EulerMakerError, OSError):
            try:
                self._client.builds.delete(build.id)
            except EulerMakerError as error:
                typer.echo(text("build.not_removed", id=build.id, error=sentence(error)), err=True)
            raise

    @contextmanager
    def _cancelled_on_interrupt(self, build: Build) -> Iterator[None]:
        """The first Ctrl-C ends the build on the server; a second one ends the waiting for that."""
        try:
            yield
        except KeyboardInterrupt as interrupt:
            typer.echo(text("build.interrupted", id=build.id), err=True)
            typer.echo(self._cancel(build), err=True)
            raise typer.Exit(ExitCode.INTERRUPTED) from interrupt

    def _cancel(self, build: Build) -> str:
        try:
            self._client.builds.cancel(build.id)
        except Conflict:
            return text("build.interrupt_ended", id=build.id)
        except EulerMakerError as error:
            return text("build.interrupt_failed", id=build.id, error=sentence(error))
        return text("build.interrupt_cancelled", id=build.id)


def download(
    client: Client, display: Display, build_id: str, artifacts: Iterable[Artifact], output: Path
) -> tuple[Saved, ...]:
    """Every one of a build's artifacts, under its name in `output`."""
    saved = [Saved(each, _inside(output, each.name)) for each in artifacts]
    for each in saved:
        each.file.parent.mkdir(parents=True, exist_ok=True)
        name, size = each.artifact.name, show.size(each.artifact.size)
        moved = display.transfer(text("build.downloading", name=name, size=size))
        client.builds.download(build_id, name, each.file, progress=moved)
    return tuple(saved)


def _inside(folder: Path, name: str) -> Path:
    if any(part in {"", ".", ".."} or "\0" in part for part in name.split("/")):
        raise ServerError("unexpected-answer", text("input.artifact_name", name=repr(name)))
    return folder / name


def _content(file: Path) -> str | bytes:
    content = file.read_bytes()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content
