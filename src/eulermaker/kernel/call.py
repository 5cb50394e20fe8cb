"""The call: one frozen value per request that says who asks, and from inside which tenant."""

from dataclasses import dataclass
from enum import StrEnum

from eulermaker.kernel.faults import Answer, Entry, Kind, Language, documented


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
    CONTAINERS_READ = "containers:read"
    CONTAINERS_READ_ALL = "containers:read-all"
    CONTAINERS_WRITE = "containers:write"
    CONTAINERS_WRITE_ALL = "containers:write-all"
    #: What the create policy refuses to everybody else: privileged, host namespaces, devices …
    CONTAINERS_UNCONFINED = "containers:unconfined"
    IMAGES_READ = "images:read"
    IMAGES_WRITE = "images:write"
    VOLUMES_READ = "volumes:read"
    VOLUMES_READ_ALL = "volumes:read-all"
    VOLUMES_WRITE = "volumes:write"
    VOLUMES_WRITE_ALL = "volumes:write-all"
    NETWORKS_READ = "networks:read"
    NETWORKS_READ_ALL = "networks:read-all"
    NETWORKS_WRITE = "networks:write"
    NETWORKS_WRITE_ALL = "networks:write-all"
    TERMINALS_USE = "terminals:use"
    TERMINALS_USE_ALL = "terminals:use-all"
    PROBES_READ = "probes:read"
    PROBES_READ_ALL = "probes:read-all"
    PROBES_WRITE = "probes:write"
    PROBES_WRITE_ALL = "probes:write-all"
    NOTIFICATIONS_READ = "notifications:read"
    NOTIFICATIONS_READ_ALL = "notifications:read-all"
    NOTIFICATIONS_WRITE = "notifications:write"
    NOTIFICATIONS_WRITE_ALL = "notifications:write-all"
    REPOSITORIES_READ = "repositories:read"
    REPOSITORIES_WRITE = "repositories:write"
    REPOSITORIES_WRITE_ALL = "repositories:write-all"
    SYSTEM_READ = "system:read"
    SYSTEM_WRITE = "system:write"
    #: What other clients were told.
    ERRORS_READ = "errors:read"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    AUDIT_READ = "audit:read"
    #: Of one's own: password, second factor, API keys, sessions.
    ACCOUNT_WRITE = "account:write"


_READ = frozenset(
    {
        Permission.BUILDS_READ,
        Permission.CONTAINERS_READ,
        Permission.IMAGES_READ,
        Permission.VOLUMES_READ,
        Permission.NETWORKS_READ,
        Permission.PROBES_READ,
        Permission.NOTIFICATIONS_READ,
        Permission.REPOSITORIES_READ,
        Permission.SYSTEM_READ,
    }
)
_READ_ALL = _READ | {
    Permission.BUILDS_READ_ALL,
    Permission.CONTAINERS_READ_ALL,
    Permission.VOLUMES_READ_ALL,
    Permission.NETWORKS_READ_ALL,
    Permission.PROBES_READ_ALL,
    Permission.NOTIFICATIONS_READ_ALL,
}
_USE = _READ | {
    Permission.BUILDS_WRITE,
    Permission.CONTAINERS_WRITE,
    Permission.VOLUMES_WRITE,
    Permission.NETWORKS_WRITE,
    Permission.PROBES_WRITE,
    Permission.NOTIFICATIONS_WRITE,
    Permission.REPOSITORIES_WRITE,
    Permission.TERMINALS_USE,
    Permission.ACCOUNT_WRITE,
}
_OPERATE = (
    _READ_ALL
    | _USE
    | {
        Permission.BUILDS_WRITE_ALL,
        Permission.CONTAINERS_WRITE_ALL,
        Permission.IMAGES_WRITE,
        Permission.VOLUMES_WRITE_ALL,
        Permission.NETWORKS_WRITE_ALL,
        Permission.PROBES_WRITE_ALL,
        Permission.NOTIFICATIONS_WRITE_ALL,
        Permission.REPOSITORIES_WRITE_ALL,
        Permission.TERMINALS_USE_ALL,
    }
)

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.READONLY: _READ_ALL,
    Role.USER: _USE,
    Role.OPERATOR: _OPERATE,
    Role.ADMIN: frozenset(Permission),
    Role.ROOT: frozenset(Permission),
}

#: What changes nothing: all that a read-only account may ever be granted.
READING = frozenset(
    permission for permission in Permission if permission.value.partition(":")[2].startswith("read")
)

FORBIDDEN = Entry(
    "forbidden",
    Kind.FORBIDDEN,
    zh="权限不足：需要 {permission} 权限，请联系管理员",
    en="You lack the permission {permission}; ask an administrator for it",
    answers={
        "000": documented(403, "FORBIDDEN"),
        "001": Answer(403, "1004", "ForbiddenError"),
        "002": documented(403, "权限不足"),
        "003": documented(403, "forbidden"),
        "004": documented(403, "E203"),
    },
)
OUT_OF_SCOPE = Entry(
    "out-of-scope",
    Kind.FORBIDDEN,
    zh="此 API Key 的范围不含 {permission}，请使用范围更大的密钥",
    en="The API key's scopes leave out {permission}; use a key with wider scopes",
    answers={
        "000": documented(403, "FORBIDDEN"),
        "001": Answer(403, "1004", "ForbiddenError"),
        "002": documented(403, "权限不足"),
        "003": documented(403, "forbidden"),
        "004": documented(403, "E004"),
    },
)

ENTRIES = (FORBIDDEN, OUT_OF_SCOPE)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: a user inside a tenant, signed in by a session or by an API key.

    `granted`: what the caller may do, where that differs from the role's row of the table.
    """

    user: str
    username: str
    tenant: str
    role: Role
    session: str
    granted: frozenset[Permission] | None = None
    #: The API key that was shown; there is no session then.
    key: str = ""

    @property
    def permissions(self) -> frozenset[Permission]:
        """All that the caller may do."""
        return PERMISSIONS[self.role] if self.granted is None else self.granted

    def may(self, permission: Permission) -> bool:
        """Whether the caller has the permission."""
        return permission in self.permissions


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request."""

    principal: Principal
    language: Language
    #: Where the request came from.
    address: str = ""

    def require(self, permission: Permission) -> None:
        """Raise the fault `forbidden` or, where a key is too narrow, `out-of-scope`, unless allowed."""
        principal = self.principal
        if not principal.may(permission):
            entry = OUT_OF_SCOPE if principal.key and permission in PERMISSIONS[principal.role] else FORBIDDEN
            raise entry(
                permission=permission.value,
                details={
                    "required_permission": permission.value,
                    "role": principal.role.value,
                    "permissions": sorted(principal.permissions),
                },
            )
