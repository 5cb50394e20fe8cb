"""Access tokens: JWTs (RFC 7519) signed with HMAC-SHA256, for one audience and one type."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from eulermaker.features.accounts.faults import TOKEN_EXPIRED, TOKEN_INVALID

AUDIENCE = "eulermaker"
TYPE = "at+jwt"
ALGORITHM = "HS256"
MAX_LENGTH = 4096
LEEWAY = timedelta(seconds=5)
KNOWN_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says: whose it is, its session, and the seconds in which it holds."""

    user: str
    session: str
    issued_at: int
    expires_at: int


class AccessTokens:
    """Signs and reads access tokens with one secret."""

    def __init__(self, secret: str) -> None:
        self._key = OctKey.import_key(secret.encode())
        # A signature that was right stays right: it is computed once per token, not per request.
        self._genuine: OrderedDict[str, Claims] = OrderedDict()

    def sign(self, *, session: str, user: str, now: datetime, seconds: int) -> str:
        """A token for the session that holds for `seconds`."""
        issued = int(now.timestamp())
        claims = {"sid": session, "sub": user, "aud": AUDIENCE, "iat": issued, "exp": issued + seconds}
        return jwt.encode({"alg": ALGORITHM, "typ": TYPE}, claims, self._key)

    def read(self, token: str, *, now: datetime, accept_expired: bool = False) -> Claims:
        """The claims of a genuine token; raises `token-invalid` or `token-expired`."""
        claims = self._genuine.get(token)
        if claims is None:
            claims = self._genuine[token] = self._verified(token)
            if len(self._genuine) > KNOWN_TOKENS:
                self._genuine.popitem(last=False)
        if claims.issued_at > (now + LEEWAY).timestamp():
            raise TOKEN_INVALID(details={"reason": "token_invalid"})
        if not accept_expired and claims.expires_at <= now.timestamp():
            raise TOKEN_EXPIRED(details={"reason": "token_expired"})
        return claims

    def _verified(self, token: str) -> Claims:
        if len(token) > MAX_LENGTH:
            raise TOKEN_INVALID(details={"reason": "token_invalid"})
        try:
            decoded = jwt.decode(token, self._key, algorithms=[ALGORITHM])
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            # joserfc trusts the types inside the header of a token that anyone can send, and its depth.
            raise TOKEN_INVALID(details={"reason": "token_invalid"}) from error
        claims = decoded.claims
        user, session = claims.get("sub"), claims.get("sid")
        expires, issued = claims.get("exp"), claims.get("iat")
        genuine = decoded.header.get("typ") == TYPE and claims.get("aud") == AUDIENCE
        if not (
            genuine
            and isinstance(user, str)
            and isinstance(session, str)
            and isinstance(expires, int)
            and isinstance(issued, int)
        ):
            raise TOKEN_INVALID(details={"reason": "token_invalid"})
        return Claims(user, session, issued, expires)
