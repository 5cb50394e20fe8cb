"""Public shapes of the networks."""

import re
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from eulermaker.kernel.clock import Time
from eulermaker.kernel.ownership import Labels, ShownLabels
from eulermaker.kernel.validation import Text, refusal, spelled

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")
#: The smallest range that has room for a network's own addresses, a gateway and a container.
LONGEST_PREFIX = 30


def _named(value: str) -> str:
    if not NAME.fullmatch(value):
        raise refusal(
            zh="名称须为 1 至 128 个字母、数字或 _ . -，并以字母或数字开头",
            en="A name has 1 to 128 letters, digits or _ . - and begins with a letter or a digit",
        )
    return value


class NewNetwork(BaseModel):
    """A bridge network to create; the engine chooses a subnet where none is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[Text, Field(max_length=128), spelled(NAME.pattern)]
    driver: Literal["bridge"] = "bridge"
    internal: bool = False
    subnet: Annotated[Text, Field(max_length=18)] | None = None
    gateway: Annotated[Text, Field(max_length=15)] | None = None
    labels: Labels = {}

    @field_validator("name")
    @classmethod
    def _is_name(cls, value: str) -> str:
        return _named(value)

    @field_validator("subnet")
    @classmethod
    def _is_subnet(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            network = IPv4Network(value)
        except ValueError as error:
            raise refusal(
                zh="应为 IPv4 网段，例如 10.20.0.0/24", en="Give an IPv4 range such as 10.20.0.0/24"
            ) from error
        if not 8 <= network.prefixlen <= LONGEST_PREFIX:
            raise refusal(zh="前缀长度须在 8 与 30 之间", en="The prefix is between /8 and /30")
        return str(network)

    @field_validator("gateway")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            return str(IPv4Address(value))
        except ValueError as error:
            raise refusal(zh="应为 IPv4 地址", en="Give an IPv4 address") from error

    @model_validator(mode="after")
    def _has_gateway_inside(self) -> Self:
        if self.gateway is None:
            return self
        if self.subnet is None:
            raise refusal(zh="指定 gateway 时必须给出 subnet", en="A gateway needs a subnet")
        network = IPv4Network(self.subnet)
        if IPv4Address(self.gateway) not in network:
            raise refusal(zh="gateway 必须在 subnet 之内", en="The gateway has to be inside the subnet")
        if self.gateway in (str(network.network_address), str(network.broadcast_address)):
            raise refusal(
                zh="gateway 不能是网段的首个或最后一个地址",
                en="The gateway can't be the first or the last address of the subnet",
            )
        return self


class Member(BaseModel):
    """A container to connect or to disconnect."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    container: Annotated[Text, Field(min_length=1, max_length=255)]


class NewMember(Member):
    """A container to connect, and further names for it in that network."""

    aliases: Annotated[list[Annotated[Text, Field(max_length=128)]], Field(max_length=20)] = []

    @field_validator("aliases")
    @classmethod
    def _are_names(cls, value: list[str]) -> list[str]:
        return [_named(alias) for alias in value]


class Subnet(BaseModel):
    """A range of addresses and its gateway."""

    subnet: str
    gateway: str | None


class Summary(BaseModel):
    """A network in a list."""

    id: str
    name: str
    driver: str
    scope: str
    internal: bool
    created_at: Time | None
    subnets: list[Subnet]
    labels: ShownLabels


class NetworkList(BaseModel):
    """One page of networks."""

    networks: list[Summary]
    total: int
    limit: int
    offset: int


class Attached(BaseModel):
    """A container of a network; it has an address while it runs."""

    id: str
    name: str
    ip_address: str | None
    mac_address: str | None


class Detail(Summary):
    """Everything about one network, and its containers as far as the caller may see them."""

    containers: list[Attached]
