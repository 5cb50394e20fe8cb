"""Who may change an account."""

from eulermaker.features.accounts.faults import (
    LAST_ROOT,
    READ_ONLY_ACCOUNT,
    ROOT_EMAIL,
    ROOT_ONLY,
    SESSION_NEEDED,
)
from eulermaker.kernel.call import Call, Permission, Role


def own_account(call: Call) -> None:
    """Raise unless the caller may change what signs them in: in a session, and no read-only account."""
    if call.principal.role is Role.READONLY:
        raise READ_ONLY_ACCOUNT()
    if call.principal.key:
        raise SESSION_NEEDED()
    call.require(Permission.ACCOUNT_WRITE)


def administers(call: Call) -> None:
    """Raise unless the caller may change other people's accounts."""
    if call.principal.role is Role.READONLY:
        raise READ_ONLY_ACCOUNT()
    call.require(Permission.USERS_WRITE)


def may_touch(call: Call, role: Role) -> None:
    """Raise `root-only` where somebody who is not root would change who is root, or what root has."""
    if role is Role.ROOT and call.principal.role is not Role.ROOT:
        raise ROOT_ONLY()


def may_hold(role: Role, *, email: str | None, root_email: str | None) -> None:
    """Raise `root-email-enforced` where root is kept for one address, and this is another."""
    if role is Role.ROOT and root_email is not None and email != root_email:
        raise ROOT_EMAIL()


def remains(others: int) -> None:
    """Raise `last-root` where nobody else would be root."""
    if others == 0:
        raise LAST_ROOT()
