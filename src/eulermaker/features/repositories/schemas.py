"""Public shapes of repositories."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from eulermaker.features.repositories.rules import NAME_PATTERN, is_name
from eulermaker.kernel.clock import Time
from eulermaker.kernel.validation import Text, refusal, spelled

MAX_VERSIONS = 100
MAX_KEY = 64 * 1024
MAX_ARTIFACTS = 1000


def _name(text: str) -> str:
    if not is_name(text):
        raise refusal(
            zh="仓库名用小写字母、数字和 . _ -，最长 64 个字符，首尾为字母或数字，不以 .repo 结尾",
            en="A repository's name has lower-case letters, digits and . _ -, at most 64; it begins and "
            "ends with a letter or digit, and not with .repo",
        )
    return text


def _description(text: str) -> str:
    if any(ord(char) < 0x20 or char == "\x7f" for char in text):
        raise refusal(zh="只能有一行", en="It must be one line")
    return text


RepositoryName = Annotated[str, AfterValidator(_name), spelled(NAME_PATTERN)]
Description = Annotated[Text, Field(max_length=200), AfterValidator(_description)]
Versions = Annotated[int, Field(ge=1, le=MAX_VERSIONS)]


class NewRepository(BaseModel):
    """A repository to make; with `generate_key` what is published there is signed from the beginning."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: RepositoryName
    description: Description = ""
    public: bool = False
    signing_required: bool = False
    keep_versions: Versions = 5
    generate_key: bool = False


class RepositoryChanges(BaseModel):
    """What to change of a repository; what is not named stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: Description | None = None
    public: bool | None = None
    signing_required: bool | None = None
    keep_versions: Versions | None = None


class NewKey(BaseModel):
    """The key to sign with: a private key in ASCII armour, or one that is made here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    private_key: Annotated[Text, Field(max_length=MAX_KEY)] | None = None
    generate: bool = False

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.private_key is None) == (not self.generate):
            raise refusal(
                zh="必须且只能提供 private_key 或 generate 之一",
                en="Give either private_key or generate, and not both",
            )
        return self


class NewPublication(BaseModel):
    """What to publish of a build: the named artifacts, else all of its RPMs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    artifacts: Annotated[list[Text], Field(min_length=1, max_length=MAX_ARTIFACTS)] | None = None


class PublicationOfBuild(NewPublication):
    """Where to publish a build."""

    repository: Annotated[Text, Field(max_length=64)]


class PublicationInRepository(NewPublication):
    """Which build to publish."""

    build_id: Annotated[Text, Field(max_length=64)]


class NotPublished(BaseModel):
    """Why something was not published."""

    code: str
    message: str


class RepositoryDetail(BaseModel):
    """A repository; readers see `published_revision`, and `revision` is what it is about to be."""

    id: str
    name: str
    description: str
    public: bool
    signing_required: bool
    keep_versions: int
    key_fingerprint: str | None
    owner_id: str
    created_at: Time
    packages: int
    status: Literal["empty", "publishing", "published", "failed"]
    revision: int
    published_revision: int
    published_at: Time | None
    error: NotPublished | None
    url: str


class MadeRepository(RepositoryDetail):
    """A repository that was just made; `token` is told this once, and lets dnf in."""

    token: str


class RepositoryList(BaseModel):
    """One page of repositories."""

    repositories: list[RepositoryDetail]
    total: int
    limit: int
    offset: int


class ReadToken(BaseModel):
    """What dnf signs in with; the token is told this once."""

    username: str
    token: str


class RepoFile(BaseModel):
    """The file that tells dnf of a repository, for `/etc/yum.repos.d`."""

    name: str
    content: str


class PackageDetail(BaseModel):
    """A package in a repository; `sha256` and `size` in bytes are those of what the build made."""

    model_config = ConfigDict(from_attributes=True)

    file: str
    name: str
    epoch: int | None
    version: str
    release: str
    arch: str
    size: int
    sha256: str
    build_id: str
    published_at: Time


class PackageList(BaseModel):
    """One page of packages."""

    packages: list[PackageDetail]
    total: int
    limit: int
    offset: int


class PublicationDetail(BaseModel):
    """A build's way into a repository: `publishing` until readers see it."""

    id: str
    repository: str
    build_id: str
    status: Literal["waiting", "publishing", "published", "refused"]
    created_at: Time
    error: NotPublished | None


class PublicationList(BaseModel):
    """One page of publications."""

    publications: list[PublicationDetail]
    total: int
    limit: int
    offset: int
