"""Registration and resets by a real mail server: codes and tokens that work once, and in time."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from eulermaker.features.accounts.faults import (
    EMAIL_NOT_VERIFIED,
    EMAIL_REFUSED,
    EMAIL_TAKEN,
    INVALID_CODE,
    INVITATION_REQUIRED,
    MAIL_LIMITED,
    MFA_REQUIRED,
    PASSWORD_RESET_FAILED,
    REFRESH_TOKEN_INVALID,
    REGISTRATION_CLOSED,
    RESET_TOKEN_INVALID,
    SESSION_ENDED,
    TENANT_NAME_TAKEN,
    VERIFICATION_FAILED,
    VERIFICATION_REQUIRED,
)
from eulermaker.features.accounts.service import Visitor
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.migrate import migrate
from eulermaker.kernel.settings import load_settings
from tests.features.accounts.conftest import PASSWORD, MovedClock, World, desk_on
from tests.features.accounts.people import ADMIN, add, person, signed_in
from tests.features.accounts.test_second_factor import enrolled, outcomes, refused
from tests.features.notifications.receivers import Mailbox, mail_server

pytestmark = pytest.mark.anyio
NOBODY = Visitor("192.0.2.9", "a browser", "en")
NEW = "a password of some length"


@dataclass(frozen=True)
class Post:
    """An installation with a mail server."""

    world: World
    box: Mailbox

    def secret(self, to: str) -> str:
        """The code or token that the newest mail to the address carries."""
        newest = [mail for mail in self.box.mails if mail["To"] == to][-1]
        content = newest.get_payload(decode=True)
        assert isinstance(content, bytes)
        words = content.decode().replace(".", " ").split()
        return next(word for word in words if (word.isdigit() and len(word) == 6) or len(word) == 43)

    async def register(self, name: str, *, code: str | None = None, **fields: Any) -> Any:
        """Somebody registers with the address that their name makes."""
        return await self.world.desk.registration.register(
            email=f"{name}@example.org", password=NEW, name=name, code=code, visitor=NOBODY, **fields
        )


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """A real mail server."""
    with mail_server() as found:
        yield found


@pytest.fixture(params=["open"])
async def post(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path, box: Mailbox
) -> AsyncIterator[Post]:
    """Two processes that send mail; `registration` as the test says."""
    clock = MovedClock()
    settings = load_settings(
        data_dir=tmp_path,
        admin_password=PASSWORD,
        accounts={"registration": request.param},
        smtp={"host": "127.0.0.1", "port": box.port, "tls": "none"},
    )
    opened = [Database(database_url) for _ in range(2)]
    await migrate(opened[0])
    one, other = (desk_on(database, settings, clock) for database in opened)
    await one.accounts.bootstrap_admin()
    yield Post(World(one, other, opened[0], clock), box)
    for database in opened:
        await database.close()


async def test_an_address_is_verified_first_or_afterwards(post: Post) -> None:
    registration = post.world.desk.registration
    await refused(VERIFICATION_REQUIRED, post.register("early", code_first=True))
    await registration.send_code("early@example.org", NOBODY)
    code = post.secret("early@example.org")
    await registration.verify("early@example.org", code)
    await refused(INVALID_CODE, registration.verify("early@example.org", code))
    assert (await post.register("early", code=code)).email_verified
    assert (await post.world.desk.sign_in.login("early", NEW)).token
    assert not (await post.register("late")).email_verified
    await refused(EMAIL_NOT_VERIFIED, post.world.desk.sign_in.login("late", NEW))
    await registration.verify("late@example.org", post.secret("late@example.org"))
    assert (await post.world.desk.sign_in.login("late", NEW)).token
    await refused(EMAIL_TAKEN, registration.send_code("late@example.org", NOBODY))
    again = registration.register(email="late@example.org", password=NEW, name="later", visitor=NOBODY)
    await refused(EMAIL_TAKEN, again)


async def test_a_code_has_five_tries_and_ten_minutes(post: Post) -> None:
    registration = post.world.desk.registration
    await registration.send_code("li@example.org", NOBODY)
    code = post.secret("li@example.org")
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        await refused(INVALID_CODE, post.register("li", code=wrong))
    await refused(INVALID_CODE, post.register("li", code=code))
    await registration.send_code("li@example.org", NOBODY)
    post.world.clock.move(600)
    await refused(INVALID_CODE, post.register("li", code=post.secret("li@example.org")))


async def test_fifty_who_show_one_code_are_one(post: Post) -> None:
    desks = (post.world.desk, post.world.other_desk)
    await post.world.desk.registration.send_code("li@example.org", NOBODY)
    code = post.secret("li@example.org")
    told = await outcomes(
        [partial(desks[n % 2].registration.verify, "li@example.org", code) for n in range(50)]
    )
    assert told == {"ok": 1, "invalid-code": 49}
    # It was shown, and is still good for the account.
    assert await post.register("li", code=code)


async def test_a_mail_server_that_refuses_is_told(post: Post) -> None:
    await add(post.world, "li", email="li@example.org")
    post.box.refusal = "554 no mail today"
    await refused(VERIFICATION_FAILED, post.world.desk.registration.send_code("a@example.org", NOBODY))
    # Whether the address has an account can't be told by that.
    for address in ("li@example.org", "nobody@example.org"):
        await refused(PASSWORD_RESET_FAILED, post.world.desk.reset.request(address, NOBODY))


async def test_one_address_gets_five_mails_in_ten_minutes(post: Post) -> None:
    for _ in range(5):
        await post.world.desk.reset.request("nobody@example.org", NOBODY)
    await refused(MAIL_LIMITED, post.world.desk.reset.request("nobody@example.org", NOBODY))
    await post.world.desk.reset.request("somebody@example.org", NOBODY)
    assert post.box.mails == []


async def test_a_reset_ends_everything_and_unlocks(post: Post) -> None:
    li = await person(post.world, "li", email="li@example.org")
    for _ in range(5):
        with pytest.raises(Fault):
            await post.world.desk.sign_in.login("li", "wrong")
    await post.world.desk.reset.request("li@example.org", NOBODY)
    token = post.secret("li@example.org")
    assert str(post.box.mails[-1]["Subject"]) == "EulerMaker password reset"
    await post.world.desk.reset.confirm(token, NEW, NOBODY)
    await refused(SESSION_ENDED, post.world.accounts.authenticate(li.token))
    await refused(REFRESH_TOKEN_INVALID, post.world.accounts.refresh_by_token(li.refresh_token))
    assert (await post.world.desk.sign_in.login("li", NEW)).token
    await refused(RESET_TOKEN_INVALID, post.world.desk.reset.confirm(token, NEW, NOBODY))


async def test_a_reset_does_not_get_around_the_second_factor(post: Post) -> None:
    li = await person(post.world, "li", email="li@example.org")
    await enrolled(post.world, li)
    await post.world.desk.reset.request("li@example.org", NOBODY)
    await post.world.desk.reset.confirm(post.secret("li@example.org"), NEW, NOBODY)
    await refused(MFA_REQUIRED, post.world.desk.sign_in.login("li", NEW))


async def test_a_reset_token_works_once_in_half_an_hour_and_only_the_newest(post: Post) -> None:
    await add(post.world, "li", email="li@example.org")
    reset = post.world.desk.reset
    await reset.request("li@example.org", NOBODY)
    older = post.secret("li@example.org")
    await reset.request("li@example.org", NOBODY)
    await refused(RESET_TOKEN_INVALID, reset.confirm(older, NEW, NOBODY))
    newer = post.secret("li@example.org")
    desks = (post.world.desk, post.world.other_desk)
    told = await outcomes(
        [partial(desks[n % 2].reset.confirm, newer, f"{NEW} {n}", NOBODY) for n in range(20)]
    )
    assert told == {"ok": 1, "reset-token-invalid": 19}
    await reset.request("li@example.org", NOBODY)
    post.world.clock.move(1800)
    await refused(RESET_TOKEN_INVALID, reset.confirm(post.secret("li@example.org"), NEW, NOBODY))


@pytest.mark.parametrize("post", ["invite"], indirect=True)
async def test_who_was_invited_registers_once(post: Post) -> None:
    root = await signed_in(post.world.desk, ADMIN)
    registration = post.world.desk.registration
    invitation, _ = await registration.invite(root.call, email="li@example.org")
    await refused(INVITATION_REQUIRED, post.register("li"))
    await refused(INVITATION_REQUIRED, post.register("wang", invitation=invitation))
    assert await post.register("li", invitation=invitation)
    await refused(INVITATION_REQUIRED, post.register("zhao", invitation=invitation))


@pytest.mark.parametrize("post", ["closed"], indirect=True)
async def test_where_it_is_closed_nobody_registers_and_no_mail_leaves(post: Post) -> None:
    await refused(REGISTRATION_CLOSED, post.register("li"))
    await refused(REGISTRATION_CLOSED, post.world.desk.registration.send_code("a@example.org", NOBODY))
    assert post.box.mails == []


async def test_addresses_on_the_blacklist_are_refused(post: Post) -> None:
    root = await signed_in(post.world.desk, ADMIN)
    blacklist = post.world.desk.blacklist
    await blacklist.add(root.call, "@spam.example", reason="spam")
    await blacklist.add(root.call, "li@example.org")
    register = post.world.desk.registration.register
    for address in ("a@spam.example", "a@mail.spam.example", "li@example.org"):
        await refused(EMAIL_REFUSED, register(email=address, password=NEW, name="x", visitor=NOBODY))
    assert [one.pattern for one in await blacklist.list(root.call)] == ["@spam.example", "li@example.org"]
    await blacklist.remove(root.call, "li@example.org")
    assert await post.register("li")


async def test_a_tenant_of_ones_own_has_a_name_of_its_own(post: Post) -> None:
    one = await post.register("li", tenant_name="Acme")
    assert one.tenant != "tenant_default"
    await refused(TENANT_NAME_TAKEN, post.register("wang", tenant_name="acme"))
