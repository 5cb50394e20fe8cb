"""User names and e-mail addresses: how they are written, and when two of them are the same.

Only ASCII and Chinese characters can be in a user name, so that no letter of another script passes
for one of these (UTS #39, restriction level "ASCII-only" plus Han). What still looks alike is
compared by its skeleton.
"""

import re
import unicodedata

MAX_NAME = 64
MAX_EMAIL = 254

_LETTER = r"a-z0-9\u3400-\u4dbf\u4e00-\u9fff"
_NAME = re.compile(rf"[{_LETTER}](?:[{_LETTER}._ -]*[{_LETTER}])?")
# RFC 5321's Mailbox without quoted local parts, address literals and internationalized addresses.
_LOCAL = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_DOMAIN = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+"
_EMAIL = re.compile(rf"(?=.{{1,254}}\Z)(?=[^@]{{1,64}}@){_LOCAL}@{_DOMAIN}")


def folded(text: str) -> str:
    """The text as names are compared: NFKC, without differences of case."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def user_name(text: str) -> str | None:
    """The user name as it is stored, or None for what can be none."""
    name = folded(text.strip())
    return name if len(name) <= MAX_NAME and "  " not in name and _NAME.fullmatch(name) else None


def email_address(text: str) -> str | None:
    """The e-mail address as it is stored, or None for what can be none."""
    address = text.strip().lower()
    return address if address.isascii() and _EMAIL.fullmatch(address) else None


def skeleton(name: str) -> str:
    """What names that look alike have in common; two accounts never share it."""
    plain = folded(name).translate({ord("0"): "o", ord("1"): "l"})
    return plain.replace("rn", "m").replace("vv", "w")


def domain_of(address: str) -> str:
    """The part of an address after the `@`."""
    return address.rpartition("@")[2]


def masked(address: str) -> str:
    """The address as others than its owner may see it."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"
