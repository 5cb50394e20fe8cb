"""The client that a command speaks through."""

import os

from eulermaker.cli.credentials import SavedTokens, saved_url
from eulermaker.cli.messages import language
from eulermaker.client import Client, MemoryTokens, Tokens, TokenStore

DEFAULT_URL = "http://127.0.0.1:8080"


def server_url() -> str:
    """EULERMAKER_URL, else the server last signed in to, else the default."""
    return os.environ.get("EULERMAKER_URL") or saved_url() or DEFAULT_URL


def connect() -> Client:
    """A client as the environment or the last `login` says."""
    url = server_url()
    return Client(url, store=_store(url), language=language())


def _store(url: str) -> TokenStore:
    if token := os.environ.get("EULERMAKER_TOKEN", "").strip():
        return MemoryTokens(Tokens(token))
    return SavedTokens(url)
