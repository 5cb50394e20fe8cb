"""Whose something on the engine is: told by two labels, since the engine itself knows no users."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.validation import Text, refusal

PREFIX = "org.eulermaker."
OWNER = f"{PREFIX}owner"
TENANT = f"{PREFIX}tenant"
MAX_LABELS = 100


def owner_labels(call: Call) -> dict[str, str]:
    """The labels of what the caller makes."""
    return {OWNER: call.principal.user, TENANT: call.principal.tenant}


@dataclass(frozen=True, slots=True)
class Access:
    """The permissions over one kind of things that have owners.

    Something without an owner is nobody's: for holders of `read_all` and `write_all` only. What
    another tenant owns is not there for anybody.
    """

    read: Permission
    read_all: Permission
    write: Permission
    write_all: Permission

    def sees(self, call: Call, labels: Mapping[str, str]) -> bool:
        """Whether the caller may know of something with these labels."""
        return _reaches(call, labels, self.read_all)

    def changes(self, call: Call, labels: Mapping[str, str]) -> bool:
        """Whether the caller may change something with these labels."""
        return call.principal.may(self.write) and _reaches(call, labels, self.write_all)

    def require_change(self, call: Call, labels: Mapping[str, str]) -> None:
        """Raise `forbidden` unless the caller may change it; ask first whether it may be seen."""
        call.require(self.write)
        if not self.changes(call, labels):
            call.require(self.write_all)


def _reaches(call: Call, labels: Mapping[str, str], others_too: Permission) -> bool:
    owner = labels.get(OWNER)
    if owner is not None and labels.get(TENANT) != call.principal.tenant:
        return False
    return owner == call.principal.user or call.principal.may(others_too)


CONTAINERS = Access(
    Permission.CONTAINERS_READ,
    Permission.CONTAINERS_READ_ALL,
    Permission.CONTAINERS_WRITE,
    Permission.CONTAINERS_WRITE_ALL,
)
VOLUMES = Access(
    Permission.VOLUMES_READ,
    Permission.VOLUMES_READ_ALL,
    Permission.VOLUMES_WRITE,
    Permission.VOLUMES_WRITE_ALL,
)
NETWORKS = Access(
    Permission.NETWORKS_READ,
    Permission.NETWORKS_READ_ALL,
    Permission.NETWORKS_WRITE,
    Permission.NETWORKS_WRITE_ALL,
)


def _plain(labels: dict[str, str]) -> dict[str, str]:
    for name in labels:
        if not name.strip() or len(name) > 255:
            raise refusal(
                zh="标签名不能为空，且不超过 255 个字符", en="A label's name has 1 to 255 characters"
            )
        if name.lower().startswith(PREFIX):
            raise refusal(zh=f"以 {PREFIX} 开头的标签由系统保留", en=f"Labels under {PREFIX} are reserved")
    return labels


def _without_ours(labels: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if not name.startswith(PREFIX)}


#: Labels as users see them.
ShownLabels = Annotated[dict[str, str], AfterValidator(_without_ours)]
#: Labels that users give: any but those that tell whose something is.
Labels = Annotated[
    dict[Text, Annotated[Text, Field(max_length=4096)]],
    Field(max_length=MAX_LABELS),
    AfterValidator(_plain),
]
