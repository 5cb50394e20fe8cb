"""Dockerfiles under analysis."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from eulermaker.features.optimizer.service import Analysis, analyze
from eulermaker.features.optimizer.surroundings import Surroundings


def analysis(
    text: str, *, files: Mapping[str, str] | None = None, user: str | None = "", tenant: str = ""
) -> Analysis:
    """What is found in a Dockerfile whose base is called `base:1` and runs as that user."""
    context = None if files is None else {PurePosixPath(p): c.encode() for p, c in files.items()}
    users = {} if user is None else {"base:1": user}
    return analyze(text, Surroundings(files=context, users=users, tenant=tenant, architecture="amd64"))


def optimized(run: str) -> str:
    """The command line of a RUN after its optimization, its mounts left out."""
    text = analysis(f"FROM base:1\n{run}\n").optimized.removeprefix("FROM base:1\n")
    lines = [
        line for line in text.splitlines() if not line.strip().removeprefix("RUN ").startswith("--mount")
    ]
    return "\n".join(lines).strip()


def slugs(text: str, *, files: Mapping[str, str] | None = None) -> list[str]:
    """The rules that say something of a Dockerfile, in its order."""
    return [finding.rule.slug for finding in analysis(text, files=files).findings]
