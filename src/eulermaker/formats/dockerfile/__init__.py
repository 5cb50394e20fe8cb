"""Dockerfiles: a lossless syntax tree, and what a build of one target reads."""

from eulermaker.formats.dockerfile.context import Dockerignore, DockerignoreError, missing_sources
from eulermaker.formats.dockerfile.expansion import Expansion, SubstitutionError, expand
from eulermaker.formats.dockerfile.faults import DockerfileError, DockerfileReason
from eulermaker.formats.dockerfile.nodes import (
    Assignment,
    Blank,
    Comment,
    Directive,
    Dockerfile,
    Flag,
    Heredoc,
    Instruction,
    Node,
    Stage,
)
from eulermaker.formats.dockerfile.stages import (
    BaseImage,
    ContextSource,
    context_sources,
    external_images,
    resolve_target,
)
from eulermaker.formats.dockerfile.syntax import parse

__all__ = [
    "Assignment",
    "BaseImage",
    "Blank",
    "Comment",
    "ContextSource",
    "Directive",
    "Dockerfile",
    "DockerfileError",
    "DockerfileReason",
    "Dockerignore",
    "DockerignoreError",
    "Expansion",
    "Flag",
    "Heredoc",
    "Instruction",
    "Node",
    "Stage",
    "SubstitutionError",
    "context_sources",
    "expand",
    "external_images",
    "missing_sources",
    "parse",
    "resolve_target",
]
