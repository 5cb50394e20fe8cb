"""Access tokens: only what this installation signed, for this use and until its time."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from eulermaker.features.accounts.faults import TOKEN_EXPIRED, TOKEN_INVALID
from eulermaker.features.accounts.tokens import AUDIENCE, AccessTokens
from eulermaker.kernel.faults import Fault
from tests.features.accounts.conftest import SECRET

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOKENS = AccessTokens(SECRET)
TOKEN = TOKENS.sign(session="session_1", user="user_1", now=NOW, seconds=60)
HEADER = {"alg": "HS256", "typ": "at+jwt"}
CLAIMS = {
    "sid": "session_1",
    "sub": "user_1",
    "aud": AUDIENCE,
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 60,
}


def refused(token: str, *, now: datetime = NOW) -> str:
    with pytest.raises(Fault) as fault:
        TOKENS.read(token, now=now)
    return fault.value.entry.slug


def signed(
    header: dict[str, Any], claims: dict[str, Any], *, secret: str = SECRET, algorithm: str = "HS256"
) -> str:
    return jwt.encode(header, claims, OctKey.import_key(secret), algorithms=[algorithm])


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def with_header(header: bytes) -> str:
    return f"{encoded(header)}.{TOKEN.split('.', 1)[1]}"


def test_a_token_tells_its_session_until_its_time() -> None:
    assert TOKENS.read(TOKEN, now=NOW).session == "session_1"
    assert TOKENS.read(TOKEN, now=NOW + timedelta(seconds=59)).session == "session_1"
    assert refused(TOKEN, now=NOW + timedelta(seconds=60)) == TOKEN_EXPIRED.slug
    late = NOW + timedelta(days=1)
    assert TOKENS.read(TOKEN, now=late, accept_expired=True).session == "session_1"


def test_a_token_made_here_is_what_the_forgeries_below_start_from() -> None:
    assert TOKENS.read(signed(HEADER, CLAIMS), now=NOW).session == "session_1"


def genuine(payload: bytes) -> str:
    """What only a holder of the key could make, and none would."""
    signed_part = f"{TOKEN.split('.')[0]}.{encoded(payload)}"
    return f"{signed_part}.{encoded(hmac.digest(SECRET.encode(), signed_part.encode(), 'sha256'))}"


FORGED: dict[str, str] = {
    "another key": signed(HEADER, CLAIMS, secret="b" * 40),
    "another algorithm": signed({**HEADER, "alg": "HS512"}, CLAIMS, algorithm="HS512"),
    "no signature": f"{encoded(json.dumps({**HEADER, 'alg': 'none'}).encode())}.{TOKEN.split('.')[1]}.",
    "signature left out": TOKEN.rsplit(".", 1)[0] + ".",
    "another type": signed({**HEADER, "typ": "JWT"}, CLAIMS),
    "no type": signed({"alg": "HS256"}, CLAIMS),
    "another audience": signed(HEADER, {**CLAIMS, "aud": "elsewhere"}),
    "no session": signed(HEADER, {k: v for k, v in CLAIMS.items() if k != "sid"}),
    "no end": signed(HEADER, {k: v for k, v in CLAIMS.items() if k != "exp"}),
    "a session that is no text": signed(HEADER, {**CLAIMS, "sid": 1}),
    "from the future": signed(HEADER, {**CLAIMS, "iat": int(NOW.timestamp()) + 60}),
    "too long": TOKEN + "A" * 5000,
    "a header of the wrong type": with_header(b"[]"),
    "crit of the wrong type": with_header(b'{"alg":"HS256","crit":1}'),
    "crit of wrong items": with_header(b'{"alg":"HS256","crit":[1]}'),
    "a deep header": with_header(b"[" * 2900),
    "deep claims": genuine(b"[" * 2900),
    "empty": "",
    "dots": "..",
    "not ASCII": "é.é.é",
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_a_forgery_is_invalid(token: str) -> None:
    assert refused(token) == TOKEN_INVALID.slug


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_change_of_any_character_is_noticed(part: int) -> None:
    parts = TOKEN.split(".")
    for at, character in enumerate(parts[part][:-1]):  # The last one holds bits that mean nothing.
        other = "A" if character != "A" else "B"
        changed = [*parts]
        changed[part] = parts[part][:at] + other + parts[part][at + 1 :]
        assert refused(".".join(changed)) == TOKEN_INVALID.slug


HEADERS = st.dictionaries(
    st.sampled_from(["alg", "typ", "crit", "b64", "kid", "jwk", "zip"]),
    st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text() | st.integers(), max_size=2),
)


@given(
    header=HEADERS.map(lambda header: json.dumps(header).encode()) | st.binary(),
    payload=st.binary(),
    signature=st.binary(),
)
def test_whatever_anybody_sends_is_invalid(header: bytes, payload: bytes, signature: bytes) -> None:
    assert refused(f"{encoded(header)}.{encoded(payload)}.{encoded(signature)}") == TOKEN_INVALID.slug


@given(st.text())
def test_any_text_is_invalid(token: str) -> None:
    assert refused(token) == TOKEN_INVALID.slug
