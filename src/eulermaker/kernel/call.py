"""The call: one frozen value per request that says who asks, and from inside which tenant."""

from dataclasses import dataclass
from enum import StrEnum

from eulermaker.kernel.faults import Entry, Kind, Language, documented


class Role(StrEnum):
    """What a user is; the permissions of each role are one table."""

    ROOT = "root"
    ADMIN = "admin"
    OPERATOR = "operator"
    USER = "user"
    READONLY = "readonly"


class Permission(StrEnum):
    """One thing that may be allowed or not."""

    BUILDS_READ = "builds:read"
    BUILDS_READ_ALL = "builds:read-all"
    BUILDS_WRITE = "builds:write"
    BUILDS_WRITE_ALL = "builds:write-all"
    SYSTEM_READ = "system:read"
    SYSTEM_WRITE = "system:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"


_READ = frozenset({Permission.BUILDS_READ, Permission.SYSTEM_READ})
_USE = _READ | {Permission.BUILDS_WRITE}
_OPERATE = _USE | {Permission.BUILDS_READ_ALL, Permission.BUILDS_WRITE_ALL}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.READONLY: _READ | {Permission.BUILDS_READ_ALL},
    Role.USER: _USE,
    Role.OPERATOR: _OPERATE,
    Role.ADMIN: frozenset(Permission),
    Role.ROOT: frozenset(Permission),
}

FORBIDDEN = Entry(
    "forbidden",
    Kind.FORBIDDEN,
    zh="权限不足：需要 {permission} 权限，请联系管理员",
    en="You lack the permission {permission}; ask an administrator for it",
    answers={
        "000": documented(403, "FORBIDDEN"),
        "002": documented(403, "权限不足"),
        "003": documented(403, "forbidden"),
        "004": documented(403, "E203"),
    },
)

ENTRIES = (FORBIDDEN,)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: a user inside a tenant, signed in by a session."""

    user: str
    username: str
    tenant: str
    role: Role
    session: str

    def may(self, permission: Permission) -> bool:
        """Whether the role has the permission."""
        return permission in PERMISSIONS[self.role]


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request."""

    principal: Principal
    language: Language

    def require(self, permission: Permission) -> None:
        """Raise the fault `forbidden` unless the caller has the permission."""
        if not self.principal.may(permission):
            raise FORBIDDEN(
                permission=permission.value,
                details={"required_permission": permission.value, "role": self.principal.role.value},
            )
