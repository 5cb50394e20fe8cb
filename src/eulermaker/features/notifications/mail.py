"""E-mail through the configured server."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING, Literal

from eulermaker.features.notifications.http import shown
from eulermaker.features.notifications.messages import Text
from eulermaker.features.notifications.schemas import EmailConfig
from eulermaker.kernel.later import later
from eulermaker.kernel.outbox import SENT, Outcome
from eulermaker.kernel.settings import Smtp

if TYPE_CHECKING:
    import aiosmtplib
else:
    aiosmtplib = later("aiosmtplib")

NOT_CONFIGURED = Outcome("dead", "smtp-not-configured", "EULERMAKER_SMTP__HOST is not set")


async def send(
    settings: Smtp, config: EmailConfig, *, key: str, text: Text, now: datetime, seconds: float
) -> Outcome:
    """Hand the mail to the server; a repeat has the same Message-ID, so that readers show it once."""
    if settings.host is None:
        return NOT_CONFIGURED
    message = mail(settings.sender, config.to, key=key, text=text, now=now)
    try:
        refused, _ = await aiosmtplib.send(
            message,
            hostname=settings.host,
            port=settings.port,
            username=settings.username,
            password=settings.password.get_secret_value() if settings.password else None,
            use_tls=settings.tls == "tls",
            start_tls=settings.tls == "starttls",
            timeout=seconds,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        codes = {refusal.code for refusal in error.recipients}
        kind: Literal["dead", "again"] = "dead" if min(codes) >= 500 else "again"
        return Outcome(kind, "recipients-refused", shown("; ".join(r.message for r in error.recipients)))
    except aiosmtplib.SMTPResponseException as error:
        return Outcome("again", f"smtp-{error.code}", shown(error.message))
    except (aiosmtplib.SMTPException, OSError) as error:
        return Outcome("again", "smtp-failed", shown(str(error)) or type(error).__name__)
    if refused:
        # The others have it: another attempt would reach them twice.
        return Outcome("sent", "some-recipients-refused", shown(", ".join(refused)))
    return SENT


def mail(sender: str, to: list[str], *, key: str, text: Text, now: datetime) -> EmailMessage:
    """The mail; its Message-ID is the idempotency key."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Subject"] = text.title
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{key}@{parseaddr(sender)[1].rpartition('@')[2] or 'localhost'}>"
    # RFC 3834: no vacation answers to this.
    message["Auto-Submitted"] = "auto-generated"
    message["Idempotency-Key"] = key
    message.set_content(text.text + "\n")
    return message
