"""A forgotten password: a token by e-mail sets a new one."""

from datetime import timedelta

from eulermaker.features.accounts.faults import PASSWORD_RESET_FAILED, RESET_TOKEN_INVALID
from eulermaker.features.accounts.grants import Grant, GrantStore, Kind, hashed
from eulermaker.features.accounts.lockout import PASSWORD, MissStore, password_of
from eulermaker.features.accounts.mail import Mailer, MailFailed
from eulermaker.features.accounts.service import Accounts, Visitor
from eulermaker.features.accounts.store import AccountStore
from eulermaker.features.accounts.users import refuse_plain
from eulermaker.kernel.ids import new_secret

TOKEN = timedelta(minutes=30)


class PasswordReset:
    """Sends tokens, and takes them."""

    def __init__(self, accounts: Accounts, mailer: Mailer) -> None:
        self._accounts = accounts
        self._mailer = mailer

    async def request(self, email: str, visitor: Visitor) -> None:
        """Send a token to the address, if it has an account; the caller can't tell whether.

        The mail server is spoken to in either case. Raises `password-reset-failed` when it is away.
        """
        await self._mailer.allow(email)
        token, now = new_secret(), self._accounts.clock()
        async with self._accounts.database.write() as connection:
            user = await AccountStore(connection).user_with_email(email)
            grants = GrantStore(connection)
            if user is not None:
                await grants.drop(user.id, Kind.PASSWORD_RESET)
                grant = Grant(user.id)
                await grants.put(hashed(token), Kind.PASSWORD_RESET, grant, expires_at=now + TOKEN)
        try:
            if user is None:
                await self._mailer.rehearse(email)
            else:
                await self._mailer.send(email, "reset", visitor.language, secret=token, minutes=30)
        except MailFailed as error:
            raise PASSWORD_RESET_FAILED() from error

    async def confirm(self, token: str, password: str, visitor: Visitor) -> None:
        """Set a new password, once; it ends all sessions and keys, and a lock."""
        accounts, key = self._accounts, hashed(token)
        async with accounts.database.read() as connection:
            found = await GrantStore(connection).look(key, Kind.PASSWORD_RESET, now=accounts.clock())
            user = await AccountStore(connection).user(found.user) if found and found.user else None
        if user is None:
            raise RESET_TOKEN_INVALID()
        refuse_plain(password, user.username, user.email)
        fresh = await accounts.passwords.hash(password)
        async with accounts.database.write() as connection:
            if await GrantStore(connection).spend(key, Kind.PASSWORD_RESET, now=accounts.clock()) is None:
                raise RESET_TOKEN_INVALID()
            # Whoever reads the mail of an address has it.
            await AccountStore(connection).change(user.id, password_hash=fresh, email_verified=True)
            await MissStore(connection, PASSWORD).clear(password_of(user.id, ""))
            await accounts.revoke(connection, user.id)
            await accounts.audit.note(
                connection,
                "user.password-reset",
                tenant=user.tenant,
                user=user.id,
                username=user.username,
                resource_type="user",
                resource_id=user.id,
                address=visitor.address,
            )
        accounts.revoked(user.id)
