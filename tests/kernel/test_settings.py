"""Settings: defaults, the order of their sources, and every refusal on one line that names the key."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from eulermaker.kernel.settings import WrongSetting, load_settings

WRONG = {
    "DATABASE_URL": [
        "mysql://h/d",
        "postgresql://h/d",
        "postgresql+asyncpg://h:port/d",
        "sqlite+aiosqlite://",
    ],
    "DOCKER_HOST": ["ssh://host", "unix://", "tcp://host", "tcp://host:port"],
    "REDIS_URL": ["localhost:6379"],
    "ADMIN_USERNAME": ["a" * 65],
    "ADMIN_PASSWORD": ["1234567"],
    "SECRET_KEY": ["short"],
    "ENVIRONMENT": ["staging"],
    "LANGUAGE": ["fr"],
    "LOG_LEVEL": ["loud"],
    "SHUTDOWN_SECONDS": ["0", "61", "ten"],
    "BUILD": ["3"],
    "BUILD__MAX_CONCURRENT": ["0", "65", "many"],
    "BUILD__DEFAULT_TIMEOUT": ["0", "86401"],
    "BUILD__MAX_CONTEXT_BYTES": ["1023", "2GiB"],
    "BUILD__MAX_ARTIFACT_BYTES": ["1023"],
    "BUILD__MAX_LOG_BYTES": ["65535"],
    "BUILD__MAX_ATTEMPTS": ["0", "11"],
    "BUILD__BUILDER": ["kaniko"],
    "BUILD__SLOTS": ["3"],
    "TRUSTED_PROXIES": ["proxy", "10.0.0.1/8", "10.0.0.0/8,*"],
    "RATE_LIMIT__READS": ["0", "many"],
    "OVERLOAD__MAX_LAG_SECONDS": ["0"],
    "ACCOUNTS__ACCESS_TOKEN_SECONDS": ["9"],
    "ACCOUNTS__SESSION_SECONDS": ["59"],
}
CASES = [(key, value) for key, values in WRONG.items() for value in values]


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults, whatever the machine that runs the tests has set."""
    for name in os.environ:
        if name.startswith("EULERMAKER_") or name == "DOCKER_HOST":
            monkeypatch.delenv(name)


@pytest.mark.parametrize(("key", "value"), CASES)
def test_a_wrong_value_is_told_on_one_line_that_begins_with_the_key(
    key: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"EULERMAKER_{key}", value)
    with pytest.raises(WrongSetting) as refused:
        load_settings()
    assert str(refused.value).startswith(f"EULERMAKER_{key}: ")
    assert "\n" not in str(refused.value)


def test_a_refusal_never_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EULERMAKER_SECRET_KEY", "hunter2")
    with pytest.raises(WrongSetting) as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)


def test_secrets_are_not_in_the_representation() -> None:
    shown = repr(load_settings(admin_password="hunter2-hunter2", secret_key="k" * 32))
    assert "hunter2" not in shown
    assert "kkkk" not in shown


@pytest.mark.parametrize(
    "text", ["build = ", "[build]\nmax_concurrent = 0\n", "databse_url = 'x'\n", "[x]\n", "\xff"]
)
def test_a_wrong_file_is_told_on_one_line(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "eulermaker.toml"
    file.write_bytes(text.encode("latin-1"))
    monkeypatch.setenv("EULERMAKER_CONFIG", str(file))
    with pytest.raises(WrongSetting, match=r"\AEULERMAKER_\w+: [^\n]+\Z"):
        load_settings()


def test_a_missing_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EULERMAKER_CONFIG", str(tmp_path / "missing.toml"))
    with pytest.raises(WrongSetting, match="EULERMAKER_CONFIG: there is no file"):
        load_settings()


def test_arguments_beat_the_environment_which_beats_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "eulermaker.toml"
    file.write_text('language = "en"\nlog_level = "debug"\n[build]\nmax_concurrent = 7\nmax_attempts = 2\n')
    monkeypatch.setenv("EULERMAKER_CONFIG", str(file))
    monkeypatch.setenv("EULERMAKER_BUILD__MAX_CONCURRENT", "5")
    monkeypatch.setenv("EULERMAKER_LOG_LEVEL", "error")
    settings = load_settings(log_level="warning")
    assert (settings.language, settings.log_level) == ("en", "warning")
    assert (settings.build.max_concurrent, settings.build.max_attempts) == (5, 2)


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EULERMAKER_DATABASE_URL", "")
    monkeypatch.setenv("DOCKER_HOST", "")
    settings = load_settings(data_dir="/srv/x")
    assert settings.effective_database_url == "sqlite+aiosqlite:////srv/x/eulermaker.db"
    assert settings.docker_host == "unix:///var/run/docker.sock"


def test_the_engine_is_docker_host_unless_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://engine:2375")
    assert load_settings().docker_host == "tcp://engine:2375"
    monkeypatch.setenv("EULERMAKER_DOCKER_HOST", "unix:///run/other.sock")
    assert load_settings().docker_host == "unix:///run/other.sock"


def test_a_list_is_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EULERMAKER_ALLOWED_ORIGINS", "https://a.example, https://b.example")
    assert load_settings().allowed_origins == ("https://a.example", "https://b.example")


def test_settings_cannot_change() -> None:
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.language = "en"
    with pytest.raises(ValueError, match="frozen"):
        settings.build.max_concurrent = 9


def test_the_server_ends_with_2_and_one_line(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "eulermaker", "serve"],
        env={"EULERMAKER_DATA_DIR": str(tmp_path), "EULERMAKER_LANGUAGE": "fr"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == "eulermaker: EULERMAKER_LANGUAGE: Input should be 'zh' or 'en'\n"
    assert list(tmp_path.iterdir()) == []


def test_a_data_directory_is_absolute_wherever_tools_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EULERMAKER_DATA_DIR", "kept")
    assert load_settings().data_dir == tmp_path / "kept"
    monkeypatch.delenv("EULERMAKER_DATA_DIR")
    assert load_settings().data_dir == tmp_path / "data"
