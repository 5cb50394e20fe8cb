"""How a command ends."""

from enum import IntEnum


class ExitCode(IntEnum):
    SUCCESS = 0
    BUILD_FAILED = 1
    USAGE = 2
    BUILD_CANCELLED = 3
    BUILD_TIMEOUT = 4
    ERROR = 5
    INTERRUPTED = 130


_OF_STATUS = {
    "success": ExitCode.SUCCESS,
    "failed": ExitCode.BUILD_FAILED,
    "cancelled": ExitCode.BUILD_CANCELLED,
    "timeout": ExitCode.BUILD_TIMEOUT,
}


def exit_code(status: str) -> ExitCode:
    """The exit code that tells how a build ended."""
    return _OF_STATUS.get(status, ExitCode.ERROR)


class Complaint(Exception):
    """Input that can't be used, in a sentence for the user."""
