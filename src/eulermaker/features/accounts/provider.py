"""One OAuth 2.1 / OpenID Connect provider, spoken to over HTTP; every wait has a deadline."""

import base64
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from eulermaker.kernel.clock import Clock
from eulermaker.kernel.later import later
from eulermaker.kernel.settings import OAuthProvider

if TYPE_CHECKING:
    import httpx
else:
    httpx = later("httpx")

SECONDS = 10.0
DISCOVERY_SECONDS = 3600.0
MAX_ANSWER = 256 * 1024
#: Asymmetric ones alone: a client's secret may be known to many.
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
LEEWAY = 60


class ExchangeFailed(Exception):
    """The provider did not trade the code for tokens."""


class ProfileFailed(Exception):
    """The provider did not tell, or not credibly, who somebody is."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Who somebody is at the provider."""

    subject: str
    email: str | None
    email_verified: bool
    name: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to a provider and back: what only we know of it."""

    verifier: str
    nonce: str
    redirect_uri: str


class Provider:
    """Builds the address to send people to, and reads what they bring back."""

    def __init__(self, settings: OAuthProvider, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._discovered: tuple[float, Mapping[str, Any]] | None = None

    @property
    def issuer(self) -> str | None:
        """Who issues its identity tokens."""
        return self._settings.issuer

    async def address(self, attempt: Attempt, *, state: str) -> str:
        """Where to send the browser (RFC 6749 §4.1.1 with RFC 7636); raises ExchangeFailed."""
        endpoint = self._settings.authorize_url or await self._endpoint("authorization_endpoint")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest())
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": attempt.redirect_uri,
            "scope": self._settings.scopes,
            "state": state,
            "nonce": attempt.nonce,
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def profile(self, attempt: Attempt, code: str) -> Profile:
        """Who the code stands for; raises ExchangeFailed or ProfileFailed."""
        tokens = await self._exchange(attempt, code)
        claims: Mapping[str, Any] = {}
        if self._settings.issuer is not None:
            claims = await self._verified(tokens.get("id_token"), attempt.nonce)
        told = await self._user_info(tokens.get("access_token"))
        if claims and told and told.get("sub") != claims["sub"]:
            raise ProfileFailed("userinfo is about somebody else")
        return _profile({**told, **claims} if claims else told)

    async def _exchange(self, attempt: Attempt, code: str) -> Mapping[str, Any]:
        endpoint = self._settings.token_url or await self._endpoint("token_endpoint")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect_uri,
            "client_id": self._settings.client_id,
            "code_verifier": attempt.verifier,
        }
        secret = self._settings.client_secret
        if secret is not None:
            form["client_secret"] = secret.get_secret_value()
        try:
            return await _json("POST", endpoint, data=form)
        except (httpx.HTTPError, ValueError) as error:
            raise ExchangeFailed(type(error).__name__) from error

    async def _verified(self, token: object, nonce: str) -> Mapping[str, Any]:
        """The claims of an identity token (OpenID Connect Core §3.1.3.7)."""
        try:
            if not isinstance(token, str):
                raise ProfileFailed("no identity token")
            keys = KeySet.import_key_set(dict(await _json("GET", await self._endpoint("jwks_uri"))))  # type: ignore[arg-type]  # checked there
            claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        except (JoseError, ExchangeFailed, httpx.HTTPError, ValueError, TypeError, KeyError) as error:
            raise ProfileFailed(type(error).__name__) from error
        now, audience = self._clock().timestamp(), claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        expires = claims.get("exp")
        genuine = (
            claims.get("iss") == self._settings.issuer
            and self._settings.client_id in audiences
            and (len(audiences) == 1 or claims.get("azp") == self._settings.client_id)
            and isinstance(expires, int | float)
            and expires > now - LEEWAY
            and claims.get("nonce") == nonce
            and isinstance(claims.get("sub"), str)
        )
        if not genuine:
            raise ProfileFailed("the identity token is not for this sign-in")
        return claims

    async def _user_info(self, token: object) -> Mapping[str, Any]:
        endpoint = self._settings.userinfo_url
        if endpoint is None and self._settings.issuer is not None:
            try:
                endpoint = (await self._discovery()).get("userinfo_endpoint")
            except ExchangeFailed as error:
                raise ProfileFailed(str(error)) from error
        if endpoint is None:
            return {}
        try:
            return await _json("GET", endpoint, headers={"Authorization": f"Bearer {token}"})
        except (httpx.HTTPError, ValueError) as error:
            raise ProfileFailed(type(error).__name__) from error

    async def _endpoint(self, name: str) -> str:
        endpoint = (await self._discovery()).get(name)
        if not isinstance(endpoint, str):
            raise ExchangeFailed(f"the provider has no {name}")
        return endpoint

    async def _discovery(self) -> Mapping[str, Any]:
        """The provider's own document (OpenID Connect Discovery §4), kept for an hour."""
        if self._discovered is not None and self._discovered[0] > time.monotonic():
            return self._discovered[1]
        issuer = self._settings.issuer
        if issuer is None:
            raise ExchangeFailed("the provider has no issuer to discover")
        try:
            document = await _json("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        except (httpx.HTTPError, ValueError) as error:
            raise ExchangeFailed(type(error).__name__) from error
        if document.get("issuer") != issuer:
            raise ExchangeFailed("the provider's document is of another issuer")
        self._discovered = (time.monotonic() + DISCOVERY_SECONDS, document)
        return document


def _profile(told: Mapping[str, Any]) -> Profile:
    # Plain OAuth providers have no `sub`, but a numeric `id`.
    subject = told.get("sub") or told.get("id")
    if not isinstance(subject, str | int) or not 0 < len(str(subject)) <= 255:
        raise ProfileFailed("the provider tells no subject")
    email, name = told.get("email"), told.get("preferred_username") or told.get("login") or told.get("name")
    return Profile(
        subject=str(subject),
        email=email if isinstance(email, str) else None,
        email_verified=told.get("email_verified") is True,
        name=name if isinstance(name, str) else None,
    )


async def _json(method: str, url: str, **options: Any) -> Mapping[str, Any]:
    """The JSON object that is answered; raises httpx.HTTPError or ValueError."""
    async with (
        httpx.AsyncClient(timeout=SECONDS, follow_redirects=False) as client,
        client.stream(method, url, **options) as answer,
    ):
        answer.raise_for_status()
        content = b""
        async for chunk in answer.aiter_bytes():
            content += chunk
            if len(content) > MAX_ANSWER:
                raise ValueError("the answer is too long")
    told = httpx.Response(200, content=content).json()
    if not isinstance(told, dict):
        raise ValueError("the answer is no object")
    return told
