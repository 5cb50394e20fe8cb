"""Builds: their life, their logs and what they leave behind."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from eulermaker.client.analysis import Analysis
from eulermaker.client.errors import Timeout
from eulermaker.client.follow import Follow
from eulermaker.client.models import Artifact, Build, BuildPage, LogPage, Record, Transition, parse
from eulermaker.client.transfer import Download, Progress, upload
from eulermaker.client.transport import Transport
from eulermaker.client.wire import Call, segment, segments

_POLL = 2.0  # seconds


class _Artifacts(Record):
    artifacts: tuple[Artifact, ...]


class Builds:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        name: str,
        *,
        dockerfile_content: str | None = None,
        spec_content: str | None = None,
        context_files: Mapping[str, str | bytes] | None = None,
        executable: Mapping[str, bool] | None = None,
        build_args: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        target: str | None = None,
        cache_enabled: bool = True,
        cache_from: Sequence[str] = (),
        optimize: str | None = None,
        base_image: str | None = None,
        timeout: int | None = None,
        execute: bool = False,
        publish: str | None = None,
    ) -> Build:
        """Creates a build from either a Dockerfile or a spec; `timeout` in seconds bounds its run.

        Once it has succeeded its RPMs are published in the repository named by `publish`.

        `optimize` is `off`, `safe` (what the server takes unless told) or `max`. `executable` tells of
        context files whether they are programs; of the others, scripts are.
        """
        programs = executable or {}
        body = {
            "name": name,
            "dockerfile_content": dockerfile_content,
            "spec_content": spec_content,
            "context_files": {
                path: _encoded(content, executable=programs.get(path))
                for path, content in (context_files or {}).items()
            },
            "build_args": dict(build_args or {}),
            "labels": dict(labels or {}),
            "target": target,
            "cache_enabled": cache_enabled,
            "cache_from": list(cache_from),
            "optimize": optimize,
            "base_image": base_image,
            "timeout": timeout,
            "execute": execute,
            "publish": publish,
        }
        given = {field: value for field, value in body.items() if value is not None}
        return parse(Build, self._transport.data(Call(method="POST", path="/builds", json=given)))

    def list(
        self, *, status: str | None = None, name: str | None = None, limit: int = 20, offset: int = 0
    ) -> BuildPage:
        """One page of builds, the newest first."""
        params: dict[str, str | int] = {"limit": limit, "offset": offset}
        if status is not None:
            params["status"] = status
        if name is not None:
            params["name"] = name
        return parse(BuildPage, self._transport.data(Call(method="GET", path="/builds", params=params)))

    def iterate(
        self, *, status: str | None = None, name: str | None = None, page_size: int = 100
    ) -> Iterator[Build]:
        """Every build, each once, page by page; builds created meanwhile may be left out."""
        seen: set[str] = set()
        offset = 0
        while True:
            page = self.list(status=status, name=name, limit=page_size, offset=offset)
            for build in page.builds:
                if build.id not in seen:
                    seen.add(build.id)
                    yield build
            offset += len(page.builds)
            if not page.builds or offset >= page.total:
                return

    def get(self, build_id: str) -> Build:
        """All that is known about a build."""
        return parse(Build, self._transport.data(Call(method="GET", path=_path(build_id))))

    def analyze(
        self,
        *,
        dockerfile_content: str | None = None,
        spec_content: str | None = None,
        context_files: Mapping[str, str | bytes] | None = None,
    ) -> Analysis:
        """What would make a Dockerfile or a spec cheaper to build; without files less is known of it."""
        body = {
            "dockerfile_content": dockerfile_content,
            "spec_content": spec_content,
            "context_files": {
                path: _encoded(content, executable=None) for path, content in (context_files or {}).items()
            },
        }
        given = {field: value for field, value in body.items() if value is not None}
        return parse(Analysis, self._transport.data(Call(method="POST", path="/builds/analyze", json=given)))

    def execute(self, build_id: str) -> Transition:
        """Starts a pending build, or puts it in the queue."""
        return self._transition(build_id, "execute")

    def cancel(self, build_id: str) -> Transition:
        """Stops a build that has not ended; again for one that is cancelled already does nothing."""
        return self._transition(build_id, "cancel")

    def delete(self, build_id: str, *, clean_image: bool = False) -> None:
        """Removes a build and, if asked, the image that it made."""
        params = {"clean_image": "true" if clean_image else "false"}
        self._transport.data(Call(method="DELETE", path=_path(build_id), params=params))

    def logs(self, build_id: str, *, tail: int | None = None, since_seq: int | None = None) -> LogPage:
        """The lines that are there now: the last `tail`, or those after `since_seq`."""
        asked = {"tail": tail, "since_seq": since_seq}
        params = {key: value for key, value in asked.items() if value is not None}
        return parse(
            LogPage, self._transport.data(Call(method="GET", path=_path(build_id, "logs"), params=params))
        )

    def follow(self, build_id: str, *, since_seq: int = 0) -> Follow:
        """The log after `since_seq`, live until the build ends."""
        return Follow(
            self._transport,
            build_id,
            since_seq=since_seq,
            finished=lambda: self.get(build_id).finished,
        )

    def upload(
        self,
        build_id: str,
        path: str,
        file: Path,
        *,
        executable: bool | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Puts a file from the disk into the context of a build that has not started.

        Unless `executable` tells, it is a program in the build when it is a script.
        """
        params = {} if executable is None else {"executable": "true" if executable else "false"}
        upload(self._transport, f"{_path(build_id)}/context/{segments(path)}", file, progress, params=params)

    def artifacts(self, build_id: str) -> tuple[Artifact, ...]:
        """The files that a build left behind."""
        call = Call(method="GET", path=_path(build_id, "artifacts"))
        return parse(_Artifacts, self._transport.data(call)).artifacts

    def download(self, build_id: str, name: str, to: Path, *, progress: Progress | None = None) -> Path:
        """Fetches an artifact to the file `to`, or into it under its own name where it is a directory."""
        url = f"{_path(build_id)}/artifacts/{segments(name)}"
        file = to / Path(name).name if to.is_dir() else to
        Download(
            self._transport, url, file, sha256=lambda: self._digest(build_id, name), progress=progress
        ).run()
        return file

    def wait(self, build_id: str, *, timeout: float | None = None) -> Build:
        """The build once it has ended; Timeout when it has not after `timeout` seconds."""
        retry = self._transport.retry
        deadline = None if timeout is None else retry.clock() + timeout
        while not (build := self.get(build_id)).finished:
            if deadline is not None and retry.clock() + _POLL > deadline:
                raise Timeout("build-not-finished", f"Build {build_id} is still {build.status}")
            retry.sleep(_POLL)
        return build

    def _transition(self, build_id: str, verb: str) -> Transition:
        call = Call(method="POST", path=_path(build_id, verb))
        return parse(Transition, self._transport.data(call))

    def _digest(self, build_id: str, name: str) -> str | None:
        return next((each.sha256 for each in self.artifacts(build_id) if each.name == name), None)


def _path(build_id: str, *parts: str) -> str:
    return "/".join(("/builds", segment(build_id), *parts))


def _encoded(content: str | bytes, *, executable: bool | None) -> dict[str, Any]:
    told = {} if executable is None else {"executable": executable}
    # Said outright: a bare string is text or base64 by the look of its name.
    if isinstance(content, str):
        return {"content": content, "encoding": "text", **told}
    return {"content": base64.b64encode(content).decode("ascii"), "encoding": "base64", **told}
