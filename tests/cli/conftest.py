import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from eulermaker.cli.main import app
from tests.client.server import Server, serving

Invoke = Callable[..., Result]

ENVIRONMENT = (
    "EULERMAKER_URL",
    "EULERMAKER_TOKEN",
    "EULERMAKER_LANGUAGE",
    "LC_ALL",
    "LC_MESSAGES",
    "LANG",
    "FORCE_COLOR",
)


@pytest.fixture(autouse=True)
def _own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's own session or language is touched, and files land in the test's folder."""
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def served() -> Iterator[tuple[Server, str]]:
    with serving() as pair:
        yield pair


@pytest.fixture
def server(served: tuple[Server, str]) -> Server:
    return served[0]


@pytest.fixture
def url(served: tuple[Server, str]) -> str:
    return served[1]


@pytest.fixture
def invoke(url: str, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Runs a command line as somebody who is signed in by the environment."""
    monkeypatch.setenv("EULERMAKER_URL", url)
    monkeypatch.setenv("EULERMAKER_TOKEN", "access-0")
    return run


@pytest.fixture
def credentials() -> Path:
    return Path(os.environ["XDG_CONFIG_HOME"], "eulermaker", "credentials.json")


def run(*arguments: str, input: str | None = None) -> Result:
    result = CliRunner().invoke(app, list(arguments), input=input)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result
