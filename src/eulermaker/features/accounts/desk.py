"""All that can be asked about accounts, in one place for the routes of every family."""

from dataclasses import dataclass

from eulermaker.features.accounts.blacklist import Blacklist
from eulermaker.features.accounts.keys import ApiKeys
from eulermaker.features.accounts.mail import Mailer
from eulermaker.features.accounts.oauth import OAuth
from eulermaker.features.accounts.registration import Registration
from eulermaker.features.accounts.reset import PasswordReset
from eulermaker.features.accounts.second_factor import SecondFactor
from eulermaker.features.accounts.service import Accounts
from eulermaker.features.accounts.sign_in import SignIn
from eulermaker.features.accounts.users import Users
from eulermaker.kernel.sealing import Sealer


@dataclass(frozen=True)
class Desk:
    """The services of accounts."""

    accounts: Accounts
    sign_in: SignIn
    second_factor: SecondFactor
    users: Users
    keys: ApiKeys
    registration: Registration
    reset: PasswordReset
    oauth: OAuth
    blacklist: Blacklist


def desk(accounts: Accounts, sealer: Sealer, mailer: Mailer, *, secret: str) -> Desk:
    """The services over these accounts; `secret` keys the hashes of short codes."""
    second_factor = SecondFactor(accounts, sealer, secret=secret)
    users = Users(accounts, second_factor)
    return Desk(
        accounts=accounts,
        sign_in=SignIn(accounts, second_factor),
        second_factor=second_factor,
        users=users,
        keys=ApiKeys(accounts),
        registration=Registration(accounts, users, mailer, secret=secret),
        reset=PasswordReset(accounts, mailer),
        oauth=OAuth(accounts),
        blacklist=Blacklist(accounts),
    )
