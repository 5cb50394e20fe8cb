"""What an analysis of a Dockerfile or a spec tells."""

from eulermaker.client.models import Record


class Finding(Record):
    """What a rule says of one line; `diff` is what it proposes, empty where it only tells."""

    rule: str
    line: int
    severity: str
    message: str
    safe: bool
    diff: str = ""


class Analysis(Record):
    """The findings, and the Dockerfile with all that is safe done; `diff` is what that changes."""

    findings: tuple[Finding, ...]
    dockerfile: str
    optimized_dockerfile: str
    diff: str
    applied: tuple[str, ...] = ()
