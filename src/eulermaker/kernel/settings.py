"""The one tree of settings, read once from the environment and an optional TOML file."""

import os
from pathlib import Path
from typing import Annotated, Literal
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


class Accounts(BaseModel):
    """How people sign in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    access_token_seconds: Annotated[int, Field(ge=10)] = 3600
    session_seconds: Annotated[int, Field(ge=60)] = 86_400


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

    data_dir: Path = Path("data")
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
    build: Build = Build()
    accounts: Accounts = Accounts()

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
