"""What went wrong, as one line and an exit code."""

from eulermaker.cli.exits import Complaint, ExitCode
from eulermaker.cli.messages import text
from eulermaker.cli.session import server_url
from eulermaker.client import ConnectionFailed, EulerMakerError, InvalidRequest, Timeout, Unauthenticated


def sentence(error: BaseException) -> str:
    """One line for the user; with the code and the request's id where there are such."""
    match error:
        case EulerMakerError():
            told = _sentence(error)
            return text("error.request", message=told, id=error.request_id) if error.request_id else told
        case OSError(filename=path, strerror=reason) if path is not None:
            return text("error.file", path=path, reason=reason)
        case _:
            return " ".join(str(error).split())


def exit_code_of(error: BaseException) -> ExitCode:
    """USAGE for what the user can correct in the input, else ERROR."""
    return ExitCode.USAGE if isinstance(error, Complaint | InvalidRequest) else ExitCode.ERROR


def _sentence(error: EulerMakerError) -> str:
    match error:
        case ConnectionFailed(code="connection-failed"):
            return text("error.connection-failed", url=server_url(), reason=error.__cause__ or error.title)
        case Timeout(code="no-answer"):
            return text("error.no-answer", url=server_url())
        case Unauthenticated(code="not-signed-in"):
            return text("error.not-signed-in")
        case _:
            message = " ".join((error.detail or error.title).split())
            told = f"{message}{_fields(error)} [{error.code}]"
            return text("error.expired", message=told) if _session_ended(error) else told


def _session_ended(error: EulerMakerError) -> bool:
    return isinstance(error, Unauthenticated) and error.code.startswith(
        ("token-", "session-", "refresh-token-")
    )


def _fields(error: EulerMakerError) -> str:
    fields = error.details.get("field_errors")
    if not isinstance(fields, dict) or not fields:
        return ""
    return ": " + "; ".join(f"{name}: {reason}" for name, reason in fields.items())
