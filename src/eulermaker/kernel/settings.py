"""The one tree of settings, read once from the environment and an optional TOML file."""

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import sqlalchemy as sa
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PREFIX = "EULERMAKER_"
GIB = 1024**3


class WrongSetting(Exception):
    """A setting that cannot be used; the text is one line that names the key."""


def _database_url(url: str) -> str:
    if not url.startswith(("sqlite+aiosqlite://", "postgresql+asyncpg://")):
        raise ValueError("must start with postgresql+asyncpg:// or sqlite+aiosqlite://")
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ValueError("must name a file: builds outlive the process")
    return url


def _docker_host(host: str) -> str:
    if not host.startswith(("unix://", "tcp://")):
        raise ValueError("must start with unix:// or tcp://")
    parts = urlsplit(host)
    if not (parts.path if parts.scheme == "unix" else parts.hostname and parts.port):
        raise ValueError("must be unix:///path or tcp://host:port")
    return host


def _redis_url(url: str) -> str:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must start with redis://, rediss:// or unix://")
    return url


def _networks(networks: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(str(ip_network(network)) for network in networks)
    except ValueError as error:
        raise ValueError("must be addresses or networks such as 10.0.0.0/8") from error


def _listed(value: object) -> object:
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


class Build(BaseModel):
    """How builds run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_concurrent: Annotated[int, Field(ge=1, le=64)] = 3
    default_timeout: Annotated[int, Field(ge=1, le=86_400)] = 1800
    max_context_bytes: Annotated[int, Field(ge=1024)] = 2 * GIB
    max_artifact_bytes: Annotated[int, Field(ge=1024)] = 8 * GIB
    max_log_bytes: Annotated[int, Field(ge=64 * 1024)] = GIB
    max_attempts: Annotated[int, Field(ge=1, le=10)] = 3
    base_image: str = "eulermaker/rpm-builder:latest"
    builder: Literal["auto", "buildkit", "classic"] = "auto"
    reuse_seconds: Annotated[int, Field(ge=0)] = 86_400


class Terminals(BaseModel):
    """How long terminals live, and what is kept of them.

    A lost socket can be resumed within `resume_seconds`, from the last `buffer_bytes` of output.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    idle_seconds: Annotated[int, Field(ge=1)] = 1800
    total_seconds: Annotated[int, Field(ge=1)] = 86_400
    resume_seconds: Annotated[int, Field(ge=1)] = 300
    max_per_user: Annotated[int, Field(ge=1)] = 20
    max_viewers: Annotated[int, Field(ge=1, le=1000)] = 16
    buffer_bytes: Annotated[int, Field(ge=256 * 1024, le=64 * 1024**2)] = 1024**2
    record: bool = True
    max_recording_bytes: Annotated[int, Field(ge=64 * 1024)] = 64 * 1024**2
    max_recordings_bytes: Annotated[int, Field(ge=64 * 1024)] = 8 * GIB
    recording_days: Annotated[int, Field(ge=1)] = 30


class Images(BaseModel):
    """What may be imported."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_import_bytes: Annotated[int, Field(ge=1024)] = 8 * GIB


class Repositories(BaseModel):
    """How RPM repositories are kept.

    What a publication replaces is served to readers who have begun for `grace_seconds` more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_per_user: Annotated[int, Field(ge=1)] = 100
    max_packages: Annotated[int, Field(ge=1, le=100_000)] = 10_000
    publish_seconds: Annotated[float, Field(ge=1, le=86_400)] = 600
    grace_seconds: Annotated[float, Field(ge=0, le=86_400)] = 600
    createrepo: Annotated[str, Field(min_length=1)] = "createrepo_c"
    gpg: Annotated[str, Field(min_length=1)] = "gpg"
    gpgconf: Annotated[str, Field(min_length=1)] = "gpgconf"
    rpmsign: Annotated[str, Field(min_length=1)] = "rpmsign"


def _directories(paths: tuple[str, ...]) -> tuple[str, ...]:
    if any(not path.startswith("/") for path in paths):
        raise ValueError("must be absolute paths")
    return paths


class Containers(BaseModel):
    """What containers may use of their host: directories below `bind_roots` may be mounted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bind_roots: Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(_directories)] = ()


class Outbound(BaseModel):
    """Where the server connects for its users.

    Link-local and metadata addresses are always refused, unless they lie in `allowed_networks`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    refused_networks: Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(_networks)] = ()
    allowed_networks: Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(_networks)] = ()


class Smtp(BaseModel):
    """The mail server that e-mail leaves through; without a `host` none is sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, Field(min_length=1)] | None = None
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: SecretStr | None = None
    sender: str = "EulerMaker <eulermaker@localhost>"


class Alerts(BaseModel):
    """When people hear of alerts.

    At most one message of a failing probe in `cooldown_seconds`. A probe that changes `flap_start`
    times in `flap_window_seconds` flaps, until it has changed no more than `flap_stop` times in them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cooldown_seconds: Annotated[float, Field(ge=0, le=86_400)] = 300
    flap_window_seconds: Annotated[float, Field(gt=0, le=86_400)] = 600
    flap_start: Annotated[int, Field(ge=3, le=100)] = 6
    flap_stop: Annotated[int, Field(ge=0, le=99)] = 2
    keep_days: Annotated[int, Field(ge=1)] = 90

    @model_validator(mode="after")
    def _flapping_ends_below_its_start(self) -> Self:
        if self.flap_stop >= self.flap_start:
            raise ValueError("flap_stop must be less than flap_start")
        return self


class Notifications(BaseModel):
    """How messages reach people: each is tried `max_attempts` times, for `deadline_seconds` at most.

    The pause before the next attempt is drawn between nothing and `first_retry_seconds`, which
    doubles each time up to `max_retry_seconds`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_attempts: Annotated[int, Field(ge=1, le=100)] = 12
    first_retry_seconds: Annotated[float, Field(gt=0, le=3600)] = 5
    max_retry_seconds: Annotated[float, Field(gt=0, le=86_400)] = 3600
    deadline_seconds: Annotated[float, Field(ge=0.1, le=60)] = 15
    max_concurrent: Annotated[int, Field(ge=1, le=256)] = 16
    keep_days: Annotated[int, Field(ge=1)] = 30


class Probes(BaseModel):
    """How many probes there may be, how long their results are kept, how many have series at `/metrics`.

    Raw results become sums by minute after `raw_days`, and by hour alone after `minute_days`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_per_user: Annotated[int, Field(ge=1)] = 20_000
    raw_days: Annotated[int, Field(ge=1, le=3650)] = 7
    minute_days: Annotated[int, Field(ge=1, le=3650)] = 30
    hour_days: Annotated[int, Field(ge=1, le=3650)] = 400
    max_series: Annotated[int, Field(ge=0, le=100_000)] = 1000


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http:// or https:// address")
    return url


def _lower(text: str) -> str:
    return text.strip().lower()


WebAddress = Annotated[str, AfterValidator(_web_address)]


class OAuthProvider(BaseModel):
    """Who else tells who people are: OpenID Connect by its `issuer`, or OAuth 2.1 by three addresses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretStr | None = None
    issuer: WebAddress | None = None
    authorize_url: WebAddress | None = None
    token_url: WebAddress | None = None
    userinfo_url: WebAddress | None = None
    scopes: str = "openid email profile"

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        if self.issuer is None and not (self.authorize_url and self.token_url and self.userinfo_url):
            raise ValueError("needs an issuer, or authorize_url, token_url and userinfo_url")
        return self


class Accounts(BaseModel):
    """How people sign in, and who may register.

    `root_email`: the only address whose account may be root. `public_url`: where browsers find this
    server, for sign-in providers to send them back to. `audit_days`: how long the audit record is kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    access_token_seconds: Annotated[int, Field(ge=10)] = 3600
    session_seconds: Annotated[int, Field(ge=60)] = 86_400
    refresh_tokens: bool = True
    registration: Literal["closed", "invite", "open"] = "closed"
    reveal_unknown_user: bool = False
    user_metrics: bool = True
    root_email: Annotated[str, AfterValidator(_lower)] | None = None
    public_url: WebAddress | None = None
    audit_days: Annotated[int, Field(ge=1)] = 365
    oauth: dict[str, OAuthProvider] = {}


class Errors(BaseModel):
    """How long it is known what clients were told: each error, `max_kept` of them at most, and the counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_days: Annotated[int, Field(ge=1)] = 7
    max_kept: Annotated[int, Field(ge=1)] = 100_000
    keep_count_days: Annotated[int, Field(ge=1)] = 400


class RateLimit(BaseModel):
    """How often a client may ask, per minute; `websockets` is how many one user may hold open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    auth: Annotated[int, Field(ge=1)] = 10
    containers: Annotated[int, Field(ge=1)] = 100
    builds: Annotated[int, Field(ge=1)] = 20
    reads: Annotated[int, Field(ge=1)] = 200
    websockets: Annotated[int, Field(ge=1)] = 50


class Overload(BaseModel):
    """From when on new requests are turned away."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    max_lag_seconds: Annotated[float, Field(gt=0)] = 1.0
    max_in_flight: Annotated[int, Field(ge=1)] = 1000
    max_queue_seconds: Annotated[float, Field(gt=0)] = 14_400


class Settings(BaseSettings):
    """Every setting of the server; immutable after the start."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        env_ignore_empty=True,
        # Values are read by their fields, whose refusals name the key, and never as JSON.
        enable_decoding=False,
    )

    #: Absolute from the start on: tools that the server runs work in folders of their own.
    data_dir: Annotated[Path, AfterValidator(Path.absolute)] = Field(Path("data"), validate_default=True)
    database_url: Annotated[str, AfterValidator(_database_url)] | None = None
    redis_url: Annotated[str, AfterValidator(_redis_url)] | None = None
    docker_host: Annotated[str, AfterValidator(_docker_host)] = Field(
        default_factory=lambda: os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock",
        validate_default=True,
    )
    admin_username: Annotated[str, Field(min_length=1, max_length=64)] = "admin"
    admin_password: Annotated[SecretStr, Field(min_length=8)] | None = None
    secret_key: Annotated[SecretStr, Field(min_length=32)] | None = None
    environment: Literal["production", "development"] = "production"
    language: Literal["zh", "en"] = "zh"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    shutdown_seconds: Annotated[int, Field(ge=1, le=60)] = 10
    allowed_origins: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    trusted_proxies: Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(_networks)] = ()
    build: Build = Build()
    images: Images = Images()
    repositories: Repositories = Repositories()
    accounts: Accounts = Accounts()
    outbound: Outbound = Outbound()
    smtp: Smtp = Smtp()
    probes: Probes = Probes()
    alerts: Alerts = Alerts()
    notifications: Notifications = Notifications()
    terminals: Terminals = Terminals()
    containers: Containers = Containers()
    rate_limit: RateLimit = RateLimit()
    overload: Overload = Overload()
    errors: Errors = Errors()

    @property
    def effective_database_url(self) -> str:
        """The database to use: the configured one, else SQLite in the data directory."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'eulermaker.db'}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments beat the environment, which beats the file named by EULERMAKER_CONFIG."""
        config = os.environ.get(f"{PREFIX}CONFIG")
        toml = (TomlConfigSettingsSource(settings_cls, Path(config)),) if config else ()
        return init_settings, env_settings, *toml


def load_settings(**overrides: object) -> Settings:
    """The settings of this process; raises WrongSetting naming the first key that is wrong."""
    config = os.environ.get(f"{PREFIX}CONFIG")
    if config and not Path(config).is_file():
        raise WrongSetting(f"{PREFIX}CONFIG: there is no file {config}")
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks the types
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = PREFIX + "__".join(str(part) for part in first["loc"]).upper()
        raise WrongSetting(f"{key}: {first['msg'].removeprefix('Value error, ')}") from error
    except ValueError as error:
        raise WrongSetting(f"{PREFIX}CONFIG: {error}") from error
