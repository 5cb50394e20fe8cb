"""The command line as a whole: help, languages, failures."""

import ast
import os
import string
import subprocess
import sys
from pathlib import Path

import pytest

import eulermaker.cli
from eulermaker.cli.messages import CATALOGUE, language, text
from tests.cli.conftest import Invoke, run
from tests.client.server import Server, refuses

MAIN = "from eulermaker.cli.main import main; main()"


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from eulermaker.cli.main import app\n"
        "try:\n    app(['builds', 'create', '--help'])\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        "print(sorted({'httpx', 'eulermaker.client', 'rich.progress'} & set(sys.modules)), file=sys.stderr)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stderr == "[]\n"


def test_help_lists_the_commands() -> None:
    top, builds = run("--help").stdout, run("builds", "-h").stdout
    assert all(name in top for name in ("login", "logout", "build", "builds"))
    assert "serve" not in top
    names = ("create", "execute", "list", "show", "logs", "cancel", "rm", "artifacts")
    assert all(name in builds for name in names)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "EULERMAKER_LANGUAGE": "en"}, "en"),
        ({"LANG": "en_US.UTF-8", "EULERMAKER_LANGUAGE": "zh"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "EULERMAKER_LANGUAGE": ""}, "zh"),
    ],
)
def test_the_language(variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language() == expected


def test_the_server_is_asked_for_the_same_language(
    invoke: Invoke, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EULERMAKER_LANGUAGE", "zh")
    server.misbehave("GET /builds/b", refuses(404, "build-not-found", detail="构建任务不存在"))
    result = invoke("builds", "show", "b")
    assert result.stderr == "错误：构建任务不存在 [build-not-found]（请求 req-7）\n"
    assert server.received[0].headers["Accept-Language"] == "zh"


def test_help_in_chinese() -> None:
    env = {**os.environ, "EULERMAKER_LANGUAGE": "zh"}
    ended = subprocess.run(
        [sys.executable, "-c", MAIN, "--help"], capture_output=True, text=True, env=env, check=True
    )
    assert text("help.app").startswith("Build RPM")
    assert "在真实容器中构建 RPM 软件包和镜像" in ended.stdout


def test_both_languages_name_the_same_facts() -> None:
    for key, (english, chinese) in CATALOGUE.items():
        assert english, key
        assert chinese, key
        assert fields(english) == fields(chinese), key


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_every_message_is_used_and_every_key_is_there() -> None:
    used, prefixes = keys_in_source()
    assert used <= set(CATALOGUE)
    reached = {key for key in CATALOGUE if key.startswith(tuple(prefixes))}
    assert set(CATALOGUE) - used - reached == set()


def keys_in_source() -> tuple[set[str], set[str]]:
    """The literal keys given to `text`, and the beginnings of those made from a value."""
    strings: set[str] = set()
    prefixes: set[str] = set()
    for file in Path(next(iter(eulermaker.cli.__path__))).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "text":
                match node.args[0]:
                    case ast.Constant(value=str(key)):
                        strings.add(key)
                    case ast.JoinedStr(values=[ast.Constant(value=str(prefix)), *_]):
                        prefixes.add(prefix)
    # An ending's key is made before it is looked up.
    return strings, prefixes | {"ending."}


def test_an_unreachable_server_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EULERMAKER_URL", "http://127.0.0.1:9")
    result = run("login", "--username", "admin", "--password-stdin", input="x\n")
    assert result.exit_code == 5
    assert result.stderr.startswith("error: Can't reach http://127.0.0.1:9 [connection-failed]: ")
    assert result.stderr.count("\n") == 1


def test_an_address_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EULERMAKER_URL", "localhost")
    result = run("builds", "list")
    assert (result.exit_code, result.stderr) == (
        2,
        "error: Not a server's address: localhost [invalid-url]\n",
    )


def test_a_file_that_can_not_be_written_is_told(invoke: Invoke, server: Server) -> None:
    server.stored()
    Path("blocked").write_text("")
    result = invoke("builds", "artifacts", "build_1", "--output", "blocked/below")
    assert result.exit_code == 5
    assert result.stderr.startswith("error: blocked")


def test_a_reader_that_goes_away_is_no_traceback(url: str, server: Server) -> None:
    server.stored()
    server.log = [{"seq": seq, "data": "x" * 1000} for seq in range(1, 2000)]
    env = {**os.environ, "EULERMAKER_URL": url, "EULERMAKER_TOKEN": "access-0"}
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "builds", "logs", "build_1", "--follow"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(30) == 5
