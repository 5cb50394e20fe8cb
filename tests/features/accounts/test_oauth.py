"""Signing in with a provider: a real one, and one that lies."""

import base64
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from eulermaker.features.accounts.desk import Desk
from eulermaker.features.accounts.faults import (
    EMAIL_NOT_VERIFIED,
    INVALID_EXCHANGE_CODE,
    OAUTH_EXCHANGE_FAILED,
    OAUTH_STATE_INVALID,
    PROFILE_FAILED,
    REGISTRATION_CLOSED,
)
from eulermaker.features.accounts.provider import Attempt, ExchangeFailed, ProfileFailed, Provider
from eulermaker.features.accounts.service import SignedIn, Visitor
from eulermaker.features.accounts.sign_in import Challenge
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.database import Database
from eulermaker.kernel.migrate import migrate
from eulermaker.kernel.settings import OAuthProvider, load_settings
from tests.features.accounts.conftest import PASSWORD, MovedClock, World, desk_on
from tests.features.accounts.people import add, person
from tests.features.accounts.test_second_factor import enrolled, outcomes, refused
from tests.features.notifications.receivers import Receiver, receiver
from tests.oidc_provider import oidc_provider

pytestmark = pytest.mark.anyio
HERE = "http://127.0.0.1:9/api/auth/oauth/callback/mock"
NOBODY = Visitor()

PEOPLE = (
    {"sub": "new", "email": "new@example.org", "email_verified": True, "name": "New One"},
    {"sub": "li", "email": "li@example.org", "email_verified": True},
    {"sub": "sloppy", "email": "sloppy@example.org", "email_verified": False},
)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A real provider."""
    with oidc_provider(*PEOPLE) as found:
        yield found


@pytest.fixture
async def open_world(database_url: str, tmp_path: Path, issuer: str) -> Any:
    """Two processes where people of that provider may register."""
    clock = MovedClock()
    clock.now = utc_now()
    settings = load_settings(
        data_dir=tmp_path,
        admin_password=PASSWORD,
        accounts={
            "registration": "open",
            "oauth": {"mock": {"client_id": "us", "client_secret": "s", "issuer": issuer}},
        },
    )
    opened = [Database(database_url) for _ in range(2)]
    await migrate(opened[0])
    one, other = (desk_on(database, settings, clock) for database in opened)
    await one.accounts.bootstrap_admin()
    yield World(one, other, opened[0], clock)
    for database in opened:
        await database.close()


@dataclass
class Trip:
    """The way to a provider: what the browser brings back."""

    browser: str
    query: dict[str, str] = field(default_factory=dict)


async def travel(desk: Desk, subject: str, *, return_to: str = "/builds") -> Trip:
    """Go to the provider and say who one is."""
    departure = await desk.oauth.depart("mock", redirect_uri=HERE, return_to=return_to)
    async with httpx.AsyncClient(timeout=60) as browser:
        arrived = await browser.post(departure.address, data={"sub": subject})
    back = httpx.URL(arrived.headers["Location"])
    return Trip(departure.browser, dict(back.params))


async def arrive(desk: Desk, trip: Trip, **changed: Any) -> str:
    """Come back; tells the address to go on at."""
    given: dict[str, Any] = {
        "code": trip.query.get("code"),
        "state": trip.query.get("state"),
        "issuer": trip.query.get("iss"),
        "browser": trip.browser,
        **changed,
    }
    return await desk.oauth.arrive("mock", visitor=NOBODY, **given)


def code_in(address: str) -> str:
    """The exchange code that an address carries."""
    return str(httpx.URL(f"http://x{address}").params["exchange_code"])


async def test_somebody_new_registers_and_comes_again(open_world: World) -> None:
    desk = open_world.desk
    address = await arrive(desk, await travel(desk, "new"))
    assert address.startswith("/builds?exchange_code=")
    first = await desk.sign_in.exchange(code_in(address))
    assert isinstance(first, SignedIn)
    assert (first.user.email, first.user.email_verified) == ("new@example.org", True)
    await refused(INVALID_EXCHANGE_CODE, desk.sign_in.exchange(code_in(address)))
    again = await desk.sign_in.exchange(code_in(await arrive(desk, await travel(desk, "new"))))
    assert isinstance(again, SignedIn)
    assert again.user.id == first.user.id


async def test_a_verified_address_leads_to_its_account(open_world: World) -> None:
    li = await add(open_world, "li", email="li@example.org")
    told = await open_world.desk.sign_in.exchange(
        code_in(await arrive(open_world.desk, await travel(open_world.desk, "li")))
    )
    assert isinstance(told, SignedIn)
    assert told.user.id == li.id


async def test_an_address_that_the_provider_did_not_verify_leads_nowhere(open_world: World) -> None:
    await add(open_world, "sloppy", email="sloppy@example.org")
    await refused(EMAIL_NOT_VERIFIED, arrive(open_world.desk, await travel(open_world.desk, "sloppy")))


async def test_where_registration_is_closed_strangers_stay_outside(open_world: World) -> None:
    closed = open_world.desk.accounts.settings.model_copy(update={"registration": "closed"})
    open_world.desk.accounts.settings = closed
    await refused(REGISTRATION_CLOSED, arrive(open_world.desk, await travel(open_world.desk, "new")))


async def test_a_second_factor_is_asked_for_here_too(open_world: World) -> None:
    li = await person(open_world, "li", email="li@example.org")
    await enrolled(open_world, li)
    open_world.clock.now = utc_now()
    desk = open_world.desk
    told = await desk.sign_in.exchange(code_in(await arrive(desk, await travel(desk, "li"))))
    assert isinstance(told, Challenge)


async def test_a_state_is_of_one_browser_and_works_once(open_world: World) -> None:
    desk = open_world.desk
    trip = await travel(desk, "new")
    await refused(OAUTH_STATE_INVALID, arrive(desk, trip, browser="another"))
    # Whoever tried has spoilt it for everybody.
    await refused(OAUTH_STATE_INVALID, arrive(desk, trip))
    trip = await travel(desk, "new")
    assert await arrive(desk, trip)
    await refused(OAUTH_STATE_INVALID, arrive(desk, trip))
    trip = await travel(desk, "new")
    await refused(OAUTH_STATE_INVALID, arrive(desk, trip, issuer="https://elsewhere.example"))
    trip = await travel(desk, "new")
    open_world.clock.move(600)
    await refused(OAUTH_STATE_INVALID, arrive(desk, trip))


async def test_a_code_that_the_provider_does_not_know_is_refused(open_world: World) -> None:
    trip = await travel(open_world.desk, "new")
    await refused(OAUTH_EXCHANGE_FAILED, arrive(open_world.desk, trip, code="made-up"))


async def test_fifty_exchanges_of_one_code_open_one_session(open_world: World) -> None:
    code = code_in(await arrive(open_world.desk, await travel(open_world.desk, "new")))
    desks = (open_world.desk, open_world.other_desk)
    told = await outcomes([partial(desks[number % 2].sign_in.exchange, code) for number in range(50)])
    assert told == {"ok": 1, "invalid-exchange-code": 49}


@pytest.mark.parametrize(
    "address",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x=y", "builds"],
)
async def test_the_way_back_stays_on_this_server(address: str, open_world: World) -> None:
    trip = await travel(open_world.desk, "new", return_to=address)
    assert (await arrive(open_world.desk, trip)).startswith("/?exchange_code=")


class LyingProvider:
    """A provider whose answers a test makes up."""

    def __init__(self, receivers: list[Receiver]) -> None:
        self.discovery, self.token, self.keys = receivers
        self.issuer = f"http://127.0.0.1:{self.discovery.port}"
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": self.token.url,
            "jwks_uri": self.keys.url,
        }
        self.claims = {
            "iss": self.issuer, "aud": "us", "sub": "li", "nonce": "n", "exp": int(time.time()) + 60,
        }  # fmt: skip

    def answer(self, token: str | None = None) -> None:
        """Tell all that."""
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, self.claims, self.key)
        self.discovery.answer = httpx.Response(200, json=self.document).content
        self.token.answer = httpx.Response(200, json={"id_token": token or signed}).content
        self.keys.answer = httpx.Response(200, json={"keys": [self.key.as_dict(private=False)]}).content

    def provider(self) -> Provider:
        """What speaks to it."""
        return Provider(OAuthProvider(client_id="us", issuer=self.issuer), clock=utc_now)


@pytest.fixture
def liar() -> Iterator[LyingProvider]:
    """One that tells the truth, until a test changes that."""
    with receiver() as one, receiver() as two, receiver() as three:
        yield LyingProvider([one, two, three])


ATTEMPT = Attempt("v", "n", HERE)


async def test_an_identity_token_that_is_in_order_is_believed(liar: LyingProvider) -> None:
    liar.answer()
    assert (await liar.provider().profile(ATTEMPT, "code")).subject == "li"
    # RFC 7636: the code comes with what its challenge was made of.
    (asked,) = liar.token.received
    assert b"code_verifier=v" in asked.body
    address = httpx.URL(await liar.provider().address(ATTEMPT, state="s"))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v").digest()).rstrip(b"=").decode()
    assert address.params["code_challenge"] == challenge
    assert address.params["code_challenge_method"] == "S256"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "them"},
        {"aud": ["us", "them"]},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"exp": "soon"},
        {"sub": 7},
        {"sub": None},
    ],
)
async def test_an_identity_token_for_something_else_is_not(
    changed: dict[str, Any], liar: LyingProvider
) -> None:
    liar.claims |= changed
    liar.answer()
    with pytest.raises(ProfileFailed):
        await liar.provider().profile(ATTEMPT, "code")


async def test_a_signature_that_is_not_the_providers_is_not_believed(liar: LyingProvider) -> None:
    other = RSAKey.generate_key(2048, {"kid": "one"})
    unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJsaSJ9."
    for token in (jwt.encode({"alg": "RS256", "kid": "one"}, liar.claims, other), unsigned, "x", "a.b.c"):
        liar.answer(token)
        with pytest.raises(ProfileFailed):
            await liar.provider().profile(ATTEMPT, "code")


async def test_the_metadata_of_another_issuer_is_refused(liar: LyingProvider) -> None:
    liar.document["issuer"] = "https://elsewhere.example"
    liar.answer()
    with pytest.raises(ExchangeFailed):
        await liar.provider().address(ATTEMPT, state="s")


async def test_what_a_provider_says_at_too_great_length_is_not_read(liar: LyingProvider) -> None:
    liar.answer()
    liar.token.manner = "endless"
    with pytest.raises(ExchangeFailed):
        await liar.provider().profile(ATTEMPT, "code")
    assert PROFILE_FAILED.answers["003"].status == 500
