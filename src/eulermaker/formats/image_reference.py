"""Names of images: Docker's reference grammar (distribution/reference)."""

import re
from dataclasses import dataclass
from typing import Self

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
# The first part is a host where it looks like one; else it is a part of the name, and in lower case.
_HOST = rf"(?:(?:localhost|{_LABEL}(?:\.{_LABEL})+)(?::[0-9]+)?/|{_LABEL}:[0-9]+/)?"
_REFERENCE = re.compile(
    rf"(?P<name>{_HOST}{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_IDENTIFIER = re.compile(r"(?:sha256:)?[0-9a-f]{4,64}")
_IMPLIED = "docker.io/library/"
# Docker's 255, into which it counts the part that it puts before bare names.
MAX_NAME = 255 - len(_IMPLIED)


@dataclass(frozen=True, slots=True)
class ImageReference:
    """A name as Docker shows it, without the parts that it implies, and what it is narrowed to."""

    name: str
    tag: str | None
    digest: str | None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The reference; None where Docker refuses it."""
        found = _REFERENCE.fullmatch(text)
        # `sha256:…` would be taken for a digest, and 64 hexadecimal digits for an id.
        if not found or found["name"] == "sha256" or re.fullmatch(r"[0-9a-f]{64}", found["name"]):
            return None
        if len(found["name"]) > MAX_NAME:
            return None
        return cls(_familiar(found["name"]), found["tag"], found["digest"])

    @property
    def registry(self) -> str:
        """The registry that holds it."""
        first, slash, _ = self.name.partition("/")
        names_host = slash and (first == "localhost" or "." in first or ":" in first)
        return first if names_host else "docker.io"

    def __str__(self) -> str:
        """The whole reference; the tag is `latest` where none is given."""
        if self.digest is not None:
            return f"{self.name}@{self.digest}"
        return f"{self.name}:{self.tag or 'latest'}"


def names_image(text: str) -> bool:
    """Whether an image can be asked for by that text: a reference, an id or the start of one."""
    return ImageReference.parse(text) is not None or is_identifier(text)


def is_identifier(text: str) -> bool:
    """Whether the text can be an image's id, or the start of one; short names can be as well."""
    return _IDENTIFIER.fullmatch(text) is not None


def _familiar(name: str) -> str:
    for host in ("docker.io/", "index.docker.io/"):
        name = name.removeprefix(host)
    rest = name.removeprefix("library/")
    return name if "/" in rest else rest
