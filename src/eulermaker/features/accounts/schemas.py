"""Public shapes of signing in."""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from eulermaker.kernel.call import Permission, Role
from eulermaker.kernel.validation import Text, refusal, storable


def _storable(secret: SecretStr) -> SecretStr:
    storable(secret.get_secret_value())
    return secret


# Longer input is refused before it is hashed: hashing is where a huge password would cost.
Identifier = Annotated[Text, Field(min_length=1, max_length=254)]
Password = Annotated[SecretStr, Field(min_length=1, max_length=1024), AfterValidator(_storable)]


class Login(BaseModel):
    """Credentials: one of `username`, `email` and `identifier`, and the password."""

    model_config = ConfigDict(frozen=True)

    username: Identifier | None = None
    email: Identifier | None = None
    identifier: Identifier | None = None
    password: Password

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if self.who is None:
            raise refusal(
                zh="必须提供 username、email 或 identifier", en="Give username, email or identifier"
            )
        return self

    @property
    def who(self) -> str | None:
        """The name to look up."""
        return self.username or self.email or self.identifier


class Refresh(BaseModel):
    """A refresh token, when the caller has no bearer token of a living session to show."""

    model_config = ConfigDict(frozen=True)

    refresh_token: Annotated[Text, Field(min_length=1, max_length=256)] | None = None


class Tokens(BaseModel):
    """What signing in yields; `expires_in` is the access token's life in seconds."""

    token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105  # the scheme's name, no secret
    refresh_token: str


class Me(BaseModel):
    """Who is signed in, and everything that the role allows; what is not named is forbidden."""

    id: str
    username: str
    role: Role
    permissions: list[Permission]


class SocketTicket(BaseModel):
    """A single-use ticket for opening one WebSocket within `expires_in` seconds."""

    ticket: str
    expires_in: int
