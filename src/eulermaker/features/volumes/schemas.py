"""Public shapes of the volumes."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from eulermaker.features.volumes.rules import NAME
from eulermaker.kernel.clock import Time
from eulermaker.kernel.ownership import Labels, ShownLabels
from eulermaker.kernel.validation import Text, refusal, spelled


class NewVolume(BaseModel):
    """A volume to create; the engine makes up a name where none is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[Text, Field(max_length=255), spelled(NAME.pattern)] | None = None
    driver: Annotated[Text, Field(min_length=1, max_length=255)] = "local"
    options: Annotated[dict[Text, Annotated[Text, Field(max_length=4096)]], Field(max_length=20)] = {}
    labels: Labels = {}

    @field_validator("name")
    @classmethod
    def _is_name(cls, value: str | None) -> str | None:
        if value is not None and not NAME.fullmatch(value):
            raise refusal(
                zh="名称须为 2 至 255 个字母、数字或 _ . -，并以字母或数字开头",
                en="A name has 2 to 255 letters, digits or _ . - and begins with a letter or a digit",
            )
        return value


class Summary(BaseModel):
    """A volume in a list."""

    name: str
    driver: str
    scope: str
    created_at: Time | None
    labels: ShownLabels


class VolumeList(BaseModel):
    """One page of volumes."""

    volumes: list[Summary]
    total: int
    limit: int
    offset: int


class Detail(Summary):
    """Everything about one volume, and the containers that mount it as far as the caller may see them."""

    mountpoint: str
    options: dict[str, str]
    containers: list[str]


class Pruned(BaseModel):
    """What a prune removed, or would remove, and how many bytes that is."""

    dry_run: bool
    volumes: list[str]
    count: int
    bytes: int
