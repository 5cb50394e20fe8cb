"""The secrets of repositories: keys sealed where they are stored, tokens kept as their digest alone."""

import hashlib
import hmac

from eulermaker.features.repositories.store import Repository
from eulermaker.kernel.sealing import Sealer


class Vault:
    """Seals the key of each repository for that repository alone."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def seal(self, repository: str, private: str) -> str:
        """A private key as it is stored."""
        return self._sealer.seal(private, about=_place(repository))

    def open(self, repository: str, sealed: str) -> str:
        """The private key; raises SealBroken when this server's secret does not fit."""
        return self._sealer.open(sealed, about=_place(repository))


def token_hash(token: str) -> str:
    """What is kept of a token: it has 256 random bits, so that one round is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def fits(repository: Repository, token: str) -> bool:
    """Whether the token is the repository's."""
    return hmac.compare_digest(token_hash(token), repository.token_hash)


def _place(repository: str) -> str:
    return f"{repository}.key"
