"""What RUN instructions do that fails late, silently, or not as it seems."""

from collections.abc import Iterator
from typing import Final

from eulermaker.features.optimizer.findings import Finding, Rule, Severity, placed
from eulermaker.features.optimizer.package_managers import fetches, manager_of
from eulermaker.features.optimizer.runs import Run, understood
from eulermaker.features.optimizer.surroundings import Surroundings
from eulermaker.formats.dockerfile import Dockerfile
from eulermaker.formats.shell import Command

INDEX_APART: Final = Rule(
    "index-apart",
    Severity.WARNING,
    safe=False,
    zh="apt-get update 单独成层，之后会一直使用旧索引；请和 install 写在同一个 RUN 里",
    en="apt-get update in a layer of its own leaves a stale index behind; run it together with the install",
)
INSTALL_ASKS: Final = Rule(
    "install-asks",
    Severity.ERROR,
    safe=False,
    zh="{manager} 会等待确认，构建中没有人回答；请加 -y",
    en="{manager} will ask for confirmation and nobody answers in a build; add -y",
)
RECOMMENDS: Final = Rule(
    "recommends",
    Severity.INFO,
    safe=False,
    zh="apt-get install 会装上推荐的软件包；加 --no-install-recommends 可以更小",
    en="apt-get install brings recommended packages along; --no-install-recommends makes the image smaller",
)
PIPE_HIDES_FAILURE: Final = Rule(
    "pipe-hides-failure",
    Severity.WARNING,
    safe=False,
    zh="管道只看最后一个命令的结果，{command} 失败也不会被发现；请先 set -o pipefail",
    en="A pipe tells the last command's result alone, so that a failing {command} goes unnoticed; "
    "set -o pipefail first",
)
SUDO: Final = Rule(
    "sudo",
    Severity.INFO,
    safe=False,
    zh="构建中不需要 sudo；请用 USER 切换用户",
    en="A build needs no sudo; change the user with USER",
)
CD_ALONE: Final = Rule(
    "cd-alone",
    Severity.WARNING,
    safe=False,
    zh="RUN cd 对后面的指令不起作用；请用 WORKDIR",
    en="RUN cd changes nothing for what follows; use WORKDIR",
)
RULES: Final = (INDEX_APART, INSTALL_ASKS, RECOMMENDS, PIPE_HIDES_FAILURE, SUDO, CD_ALONE)

_ASKING: Final = frozenset({"apt", "dnf", "yum", "microdnf"})
_YES: Final = frozenset({"-y", "--yes", "--assume-yes", "--assumeyes", "-qq", "-qy", "-yq", "-yqq", "-qqy"})
_FETCHERS: Final = frozenset({"curl", "wget"})


def find(dockerfile: Dockerfile, _surroundings: Surroundings) -> Iterator[Finding]:
    """Command lines that do not do what they seem to."""
    for each in placed(dockerfile):
        run = understood(each, escape=dockerfile.escape)
        if run is not None:
            line = each.instruction.line
            yield from _of_run(run, line)
            for command in run.commands:
                yield from _of_command(command, line)


def _of_run(run: Run, line: int) -> Iterator[Finding]:
    verbs = {command.arguments[0] for command in run.commands if _is_apt(command) and command.arguments}
    if "update" in verbs and len(run.commands) == 1:
        yield Finding(INDEX_APART, line)
    if len(run.commands) == 1 and run.commands[0].name == "cd":
        yield Finding(CD_ALONE, line)
    piped = [command for command in run.commands if command.after == "|" and command.name in _FETCHERS]
    if piped and not any("pipefail" in command.arguments for command in run.commands):
        yield Finding(PIPE_HIDES_FAILURE, line, {"command": piped[0].name})


def _of_command(command: Command, line: int) -> Iterator[Finding]:
    manager = manager_of(command)
    arguments = set(command.arguments)
    if manager is not None and manager.name in _ASKING and fetches(command) and _asks(command, arguments):
        yield Finding(INSTALL_ASKS, line, {"manager": command.name})
    # An argument that is not known may say anything.
    if _is_apt(command) and "install" in arguments and not arguments & {"--no-install-recommends", None}:
        yield Finding(RECOMMENDS, line)
    if command.name == "sudo":
        yield Finding(SUDO, line)


def _asks(command: Command, arguments: set[str | None]) -> bool:
    return not arguments & {"update", "makecache", None} and not arguments & _YES and not command.assignments


def _is_apt(command: Command) -> bool:
    return command.name in ("apt", "apt-get")
