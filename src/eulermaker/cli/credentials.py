"""The session that `login` leaves for later commands: one file, readable by its owner alone."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eulermaker.cli.exits import Complaint
from eulermaker.cli.messages import text
from eulermaker.client import Tokens


def credentials_path() -> Path:
    """`eulermaker/credentials.json` under XDG_CONFIG_HOME, or under `~/.config`."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home, "eulermaker", "credentials.json")


def saved_url() -> str | None:
    """The server that the saved session is with; None when there is none."""
    url = _read(credentials_path()).get("url")
    return url if isinstance(url, str) else None


def forget() -> None:
    """Removes the saved session."""
    credentials_path().unlink(missing_ok=True)


class SavedTokens:
    """The saved tokens for one server; they are never sent to another.

    The lock excludes other processes, as two of them that used the same refresh token would both be
    signed out.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._path = credentials_path()

    def read(self) -> Tokens | None:
        saved = _read(self._path)
        match saved:
            case {"url": self._url, "token": str(access)}:
                return Tokens(access, saved.get("refresh_token"), saved.get("expires_in"))
            case _:
                return None

    def write(self, tokens: Tokens) -> None:
        saved = {
            "url": self._url,
            "token": tokens.access,
            "refresh_token": tokens.refresh,
            "expires_in": tokens.expires_in,
        }
        self._folder()
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=".credentials-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(saved, file)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        finally:
            Path(name).unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        self._folder()
        with self._path.with_suffix(".lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _folder(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise Complaint(text("input.credentials", path=path)) from error
    if not isinstance(saved, dict):
        raise Complaint(text("input.credentials", path=path))
    return saved
