"""Files between the disk and the server, streamed, with progress."""

import hashlib
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import httpx

from eulermaker.client.errors import ConnectionFailed, Corrupted, EulerMakerError, InvalidRequest
from eulermaker.client.retry import Attempts
from eulermaker.client.transport import Transport
from eulermaker.client.wire import Call

Progress = Callable[[int, int | None], None]
"""Told the bytes moved so far and, where known, the bytes in all."""

_CHUNK = 256 * 1024
_SHA256 = re.compile(r'"(?:sha256[:-])?([0-9a-f]{64})"', re.IGNORECASE)


def upload(
    transport: Transport,
    url: str,
    file: Path,
    progress: Progress | None,
    *,
    params: Mapping[str, str | int] = MappingProxyType({}),
) -> None:
    """Sends a file in one streamed PUT; a second attempt reads it anew."""
    size = file.stat().st_size
    transport.data(
        Call(
            method="PUT",
            path=url,
            params=params,
            body=lambda: _read(file, size, progress),
            headers={"Content-Length": str(size), "Content-Type": "application/octet-stream"},
        )
    )


def _read(file: Path, size: int, progress: Progress | None) -> Iterator[bytes]:
    sent = 0
    with file.open("rb") as source:
        while sent < size:
            chunk = source.read(min(_CHUNK, size - sent))
            if not chunk:
                raise InvalidRequest("file-changed", f"{file} became shorter while it was sent")
            yield chunk
            sent += len(chunk)
            if progress:
                progress(sent, size)


class Download:
    """One file on its way to `to`, which appears complete and verified or not at all.

    `sha256` is asked only when the server's ETag is no SHA-256.
    """

    def __init__(
        self,
        transport: Transport,
        url: str,
        to: Path,
        *,
        sha256: Callable[[], str | None],
        progress: Progress | None,
    ) -> None:
        self._transport = transport
        self._url = url
        self._to = to
        self._sha256 = sha256
        self._progress = progress
        self._etag: str | None = None

    def run(self) -> None:
        """Fetches, taking up a cut transfer where it broke; Corrupted when the digest differs."""
        part = self._to.with_name(f".{uuid.uuid4().hex}.part")
        try:
            with part.open("xb") as target:
                self._fetch(target)
            self._verify(part)
            part.replace(self._to)
        finally:
            part.unlink(missing_ok=True)

    def _fetch(self, target: BinaryIO) -> None:
        attempts = Attempts(self._transport.retry)
        while True:
            had = target.tell()
            try:
                return self._receive(target)
            except EulerMakerError as error:
                if target.tell() > had:
                    attempts.progressed()
                attempts.pause(error)

    def _receive(self, target: BinaryIO) -> None:
        with self._transport.open(self._call(offset=target.tell())) as response:
            if response.status_code != httpx.codes.PARTIAL_CONTENT:
                target.seek(0)
                target.truncate()
            self._etag = response.headers.get("ETag")
            total = _total(response, offset=target.tell())
            for chunk in response.iter_bytes():
                target.write(chunk)
                if self._progress:
                    self._progress(target.tell(), total)
        if total is not None and target.tell() != total:
            raise ConnectionFailed("download-cut", "The download ended early", retryable=True)

    def _call(self, *, offset: int) -> Call:
        # Ranges count the bytes of the file itself, so nobody on the way may compress it.
        headers = {"Accept-Encoding": "identity"}
        if offset and self._etag:
            headers |= {"Range": f"bytes={offset}-", "If-Range": self._etag}
        return Call(method="GET", path=self._url, headers=headers)

    def _verify(self, part: Path) -> None:
        told = _SHA256.fullmatch(self._etag or "")
        expected = told[1] if told else self._sha256()
        with part.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
        if expected is not None and actual != expected.lower():
            raise Corrupted(
                "checksum-mismatch", f"{self._to.name} has the SHA-256 {actual}, announced was {expected}"
            )


def _total(response: httpx.Response, *, offset: int) -> int | None:
    length = response.headers.get("Content-Length", "")
    return offset + int(length) if length.isdecimal() else None
