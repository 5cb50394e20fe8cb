"""URLs and headers that people give: what may be asked for, and what of it is shown again."""

import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from eulermaker.kernel.sealing import MASK
from eulermaker.kernel.validation import refusal

MAX_URL = 2048
_UNWRITABLE_IN_URL = re.compile(r"[\s\x00-\x1f\x7f]")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
#: Tabs and visible ASCII (RFC 9110): everything else means something else to somebody on the way.
_VALUE = re.compile(r"[\t\x20-\x7e]*")


def web_url(value: str) -> str:
    """The URL of a web server, without a user and a password; raises a refusal."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise refusal(zh="不是有效的 URL", en="This is no URL") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or _UNWRITABLE_IN_URL.search(value):
        raise refusal(zh="应为 http:// 或 https:// 开头的 URL", en="Give a URL with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise refusal(
            zh="URL 中不能有用户名和密码，请使用 auth 或 headers",
            en="Credentials do not belong into a URL: use auth or headers",
        )
    if port == 0:
        raise refusal(zh="端口必须在 1 到 65535 之间", en="A port is a number from 1 to 65535")
    return value


def shown_url(url: str) -> str:
    """The URL with the values of its query masked: any of them may be a key to what it leads to."""
    bare, mark, query = url.partition("#")[0].partition("?")
    return bare + mark + "&".join(map(_masked, query.split("&"))) if query else url.partition("#")[0]


def _masked(part: str) -> str:
    name, equals, _ = part.partition("=")
    return f"{name}={MASK}" if equals else MASK


def origin(url: str) -> tuple[str, str]:
    """The server that a URL leads to: what is meant for it is not told to another one."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def headers(value: Mapping[str, str], *, ours: Collection[str]) -> None:
    """Raise a refusal unless these headers can be sent; those named in `ours` are set by us."""
    for name, content in value.items():
        if not _HEADER.fullmatch(name):
            raise refusal(zh=f"{name[:80]!r} 不是请求头名称", en=f"{name[:80]!r} is no name of a header")
        if name.lower() in ours:
            raise refusal(zh=f"请求头 {name} 由系统设置", en=f"The header {name} is set by the server")
        if not _VALUE.fullmatch(content):
            raise refusal(
                zh=f"请求头 {name} 的值只能是可见的 ASCII 字符",
                en=f"The header {name} takes visible ASCII only",
            )
