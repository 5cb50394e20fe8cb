"""The console as `scripts/console.sh` built it: one page, the sections it has, and hashed assets."""

import json
import mimetypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

#: The encodings that assets were compressed with at build time, best first.
ENCODINGS = {"br": ".br", "gzip": ".gz"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file whose name says its content; `encoded` are its compressed forms."""

    path: Path
    media_type: str
    encoded: Mapping[str, Path]

    def acceptable(self, accept_encoding: str) -> tuple[str | None, Path]:
        """The best form for that `Accept-Encoding`, and how it is encoded."""
        accepted = set(_accepted(accept_encoding))
        for encoding, path in self.encoded.items():
            if encoding in accepted:
                return encoding, path
        return None, self.path


@dataclass(frozen=True, slots=True)
class Bundle:
    """The built console. `sections` are the first segments of its pages' addresses."""

    page: str
    sections: tuple[str, ...]
    assets: Mapping[str, Asset]


def built(directory: Path) -> Bundle | None:
    """The console in that directory, or None when it was not built."""
    page = directory / "index.html"
    if not page.is_file():
        return None
    sections = json.loads((directory / "sections.json").read_text(encoding="utf-8"))
    return Bundle(page.read_text(encoding="utf-8"), tuple(sections), _assets(directory / "assets"))


def _assets(directory: Path) -> dict[str, Asset]:
    files = {path.name: path for path in directory.iterdir()}
    return {
        name: Asset(
            path,
            mimetypes.guess_type(name)[0] or "application/octet-stream",
            {
                encoding: files[name + suffix]
                for encoding, suffix in ENCODINGS.items()
                if name + suffix in files
            },
        )
        for name, path in files.items()
        if path.suffix not in ENCODINGS.values()
    }


def _accepted(header: str) -> Iterable[str]:
    """The content codings named in the header, without those that it refuses (RFC 9110 §12.5.3)."""
    for item in header.split(","):
        coding, _, weight = item.partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            yield coding.strip().lower()
