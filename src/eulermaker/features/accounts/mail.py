"""E-mails about accounts, through the configured server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from math import ceil
from typing import TYPE_CHECKING

from eulermaker.features.accounts.faults import MAIL_LIMITED
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.faults import Language
from eulermaker.kernel.ids import new_secret
from eulermaker.kernel.later import later
from eulermaker.kernel.limits import Limits, Quota
from eulermaker.kernel.settings import Smtp

if TYPE_CHECKING:
    import aiosmtplib
else:
    aiosmtplib = later("aiosmtplib")

SECONDS = 10.0
#: So many e-mails reach one address, whoever asks for them.
PER_ADDRESS = Quota("mail", 5, 600)

_TEXTS: dict[str, dict[Language, tuple[str, str]]] = {
    "code": {
        "zh": (
            "EulerMaker 验证码",
            "您的验证码是 {secret}，{minutes} 分钟内有效。\n\n若非本人操作，请忽略此邮件。\n",
        ),
        "en": (
            "EulerMaker code",
            "Your code is {secret}. It holds for {minutes} minutes.\n\n"
            "If you did not ask for it, ignore this e-mail.\n",
        ),
    },
    "reset": {
        "zh": (
            "EulerMaker 密码重置",
            "重置令牌：{secret}\n\n{minutes} 分钟内有效，仅可使用一次。\n"
            "若非本人操作，请忽略此邮件，密码不会改变。\n",
        ),
        "en": (
            "EulerMaker password reset",
            "Your reset token: {secret}\n\nIt holds for {minutes} minutes, and works once. If you did not "
            "ask for it, ignore this e-mail: the password stays as it is.\n",
        ),
    },
    "changed": {
        "zh": (
            "EulerMaker 密码已更改",
            "您的密码刚刚被更改，所有会话和 API Key 均已失效。若非本人操作，请立即联系管理员。\n",
        ),
        "en": (
            "EulerMaker password changed",
            "Your password was changed just now; all sessions and API keys have ended. If it was not you, "
            "tell an administrator at once.\n",
        ),
    },
}


class MailFailed(Exception):
    """The mail server was not reached, or did not take the e-mail."""


class Mailer:
    """Sends what people are told about their accounts; every wait has a deadline."""

    def __init__(self, settings: Smtp, limits: Limits, *, clock: Clock) -> None:
        self._settings = settings
        self._limits = limits
        self._clock = clock

    @property
    def configured(self) -> bool:
        """Whether e-mails can be sent at all."""
        return self._settings.host is not None

    async def allow(self, address: str) -> None:
        """Count an e-mail to that address; raises `mail-limited`."""
        verdict = await self._limits.count(PER_ADDRESS, address)
        if not verdict.allowed:
            seconds = max(1, ceil(verdict.wait))
            raise MAIL_LIMITED(seconds=seconds, retry_after=seconds)

    async def send(
        self, to: str, text: str, language: Language, *, secret: str = "", minutes: int = 0
    ) -> None:
        """Hand an e-mail to the server; raises MailFailed."""
        subject, body = _TEXTS[text][language]
        message = _message(
            self._settings.sender, to, subject, body.format(secret=secret, minutes=minutes), self._clock()
        )
        async with self._connected() as server:
            await server.send_message(message)

    async def rehearse(self, to: str) -> None:
        """Speak with the server as if there were an e-mail to send; raises MailFailed."""
        async with self._connected() as server:
            await server.mail(parseaddr(self._settings.sender)[1])
            await server.rcpt(to)
            await server.rset()

    @asynccontextmanager
    async def _connected(self) -> "AsyncIterator[aiosmtplib.SMTP]":
        settings = self._settings
        if settings.host is None:
            raise MailFailed("no mail server is set up")
        server = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.username,
            password=settings.password.get_secret_value() if settings.password else None,
            use_tls=settings.tls == "tls",
            start_tls=settings.tls == "starttls",
            timeout=SECONDS,
        )
        try:
            async with server:
                yield server
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailFailed(type(error).__name__) from error


def _message(sender: str, to: str, subject: str, body: str, now: datetime) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    message["Message-ID"] = f"<{new_secret()}@{domain}>"
    # RFC 3834: no vacation answers to this.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    return message
