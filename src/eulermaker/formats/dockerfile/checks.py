"""What BuildKit demands of one instruction."""

import re
from collections.abc import Mapping
from typing import Final

from eulermaker.formats.dockerfile.expansion import SPACE
from eulermaker.formats.dockerfile.faults import DockerfileError
from eulermaker.formats.dockerfile.faults import DockerfileReason as _R
from eulermaker.formats.dockerfile.nodes import Flag, Instruction, heredoc_in, mount_options

_STAGE_NAME: Final = re.compile(r"[a-z][a-z0-9-_.]*\Z")
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}\Z")
_DURATION: Final = re.compile(
    r"[+-]?(?:0\Z|(?:(?:[0-9]{1,18}\.?[0-9]{0,18}|\.[0-9]{1,18})(?:ns|us|µs|μs|ms|s|m|h))+\Z)"
)
_DURATION_PART: Final = re.compile(r"([0-9.]+)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS: Final = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3.6e3,
}
_MAY_BE_EMPTY: Final = frozenset({"RUN", "CMD", "ENTRYPOINT"})

_BOOLEAN: Final = frozenset({"link", "keep-git-dir", "parents", "unpack"})
_REPEATABLE: Final = frozenset({"mount", "device", "exclude"})
_FLAGS: Final[Mapping[str, frozenset[str]]] = {
    "ADD": frozenset({"chown", "chmod", "checksum", "link", "keep-git-dir", "exclude", "unpack"}),
    "COPY": frozenset({"chown", "chmod", "from", "link", "parents", "exclude"}),
    "FROM": frozenset({"platform"}),
    "HEALTHCHECK": frozenset({"interval", "timeout", "start-period", "start-interval", "retries"}),
    "RUN": frozenset({"mount", "network", "security", "device"}),
}
# BuildKit never looks at the flags of these.
_FLAGS_IGNORED: Final = frozenset({"ARG", "STOPSIGNAL"})
_FLAG_CHOICES: Final = {
    "network": frozenset({"default", "none", "host"}),
    "security": frozenset({"sandbox", "insecure"}),
}


def check_instruction(instruction: Instruction) -> None:
    keyword, words, line = instruction.keyword, instruction.words, instruction.line
    if not words and keyword not in _MAY_BE_EMPTY:
        reason = _R.MISSING_DESTINATION if keyword in ("ADD", "COPY") else _R.MISSING_ARGUMENTS
        raise DockerfileError(line, reason, keyword=keyword)
    _check_flags(instruction)
    match keyword:
        case "ADD" | "COPY":
            _check_copy(instruction)
        case "ARG" | "ENV" | "LABEL":
            if any(not assignment.name for assignment in instruction.assignments):
                raise DockerfileError(line, _R.BLANK_NAME, keyword=keyword)
        case "FROM":
            _check_from(instruction)
        case "HEALTHCHECK":
            _check_healthcheck(instruction)
        case "ONBUILD":
            if words[0] in ("ONBUILD", "FROM", "MAINTAINER"):
                raise DockerfileError(line, _R.FORBIDDEN_TRIGGER, trigger=words[0])
        case "SHELL":
            if not instruction.json_form:
                raise DockerfileError(line, _R.JSON_REQUIRED, keyword=keyword)
        case "VOLUME":
            if any(not word.strip(SPACE) for word in words):
                raise DockerfileError(line, _R.BLANK_VOLUME)


def _check_flags(instruction: Instruction) -> None:
    keyword, line = instruction.keyword, instruction.line
    if keyword in _FLAGS_IGNORED or _is_healthcheck_none(instruction):
        return
    seen: set[str] = set()
    for flag in instruction.flags:
        if flag.name not in _FLAGS.get(keyword, frozenset()):
            raise DockerfileError(line, _R.UNKNOWN_FLAG, keyword=keyword, flag=flag.name)
        if flag.name in seen and flag.name not in _REPEATABLE:
            raise DockerfileError(line, _R.DUPLICATE_FLAG, keyword=keyword, flag=flag.name)
        seen.add(flag.name)
        _check_flag_value(instruction, flag)


def _check_flag_value(instruction: Instruction, flag: Flag) -> None:
    keyword, line, value = instruction.keyword, instruction.line, flag.value
    if flag.name in _BOOLEAN:
        missing = value == ""
        wrong = value is not None and value.lower() not in ("true", "false")
    else:
        missing = value is None
        wrong = value is not None and not _is_flag_value(flag.name, value)
    if missing:
        raise DockerfileError(line, _R.MISSING_FLAG_VALUE, keyword=keyword, flag=flag.name)
    if wrong:
        raise DockerfileError(line, _R.INVALID_FLAG_VALUE, keyword=keyword, flag=flag.name, value=value or "")
    source = _source_of(flag)
    if re.search(r"\$[\w{]", source):
        raise DockerfileError(line, _R.VARIABLE_IN_FROM_FLAG, keyword=keyword, value=source)


def _source_of(flag: Flag) -> str:
    """The stage or image that a `--from` or a `--mount` names."""
    value = flag.value or ""
    match flag.name:
        case "from":
            return value
        case "mount":
            return mount_options(value).get("from", "")
        case _:
            return ""


def _is_flag_value(name: str, value: str) -> bool:
    match name:
        case "network" | "security":
            return value in _FLAG_CHOICES[name]
        case "interval" | "timeout" | "start-period" | "start-interval":
            return value == "" or _is_duration(value)
        case "retries":
            return value == "" or (_INTEGER.match(value) is not None and 0 <= int(value) < 2**31)
        case "mount":
            return bool(mount_options(value))
        case _:
            return True


def _is_duration(text: str) -> bool:
    """Whether Go reads the text as no time at all or as at least a millisecond."""
    if not _DURATION.match(text):
        return False
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text))
    return seconds == 0 or (seconds >= 1e-3 and not text.startswith("-"))


def _check_copy(instruction: Instruction) -> None:
    if len(instruction.words) < 2:
        raise DockerfileError(instruction.line, _R.MISSING_DESTINATION, keyword=instruction.keyword)
    if heredoc_in(instruction.words[-1]):
        raise DockerfileError(instruction.line, _R.HEREDOC_DESTINATION, keyword=instruction.keyword)


def _check_from(instruction: Instruction) -> None:
    match instruction.words:
        case (_,):
            return
        case (_, separator, name) if separator.lower() == "as":
            if not _STAGE_NAME.match(name.lower()):
                raise DockerfileError(instruction.line, _R.INVALID_STAGE_NAME, name=name)
        case _:
            raise DockerfileError(instruction.line, _R.MALFORMED_FROM)


def _is_healthcheck_none(instruction: Instruction) -> bool:
    return instruction.keyword == "HEALTHCHECK" and instruction.words[0].upper() == "NONE"


def _check_healthcheck(instruction: Instruction) -> None:
    kind, *command = instruction.words
    match kind.upper():
        case "NONE" if command:
            raise DockerfileError(instruction.line, _R.TOO_MANY_ARGUMENTS, keyword="HEALTHCHECK NONE")
        case "CMD" if not command:
            raise DockerfileError(instruction.line, _R.MISSING_ARGUMENTS, keyword="HEALTHCHECK CMD")
        case "NONE" | "CMD":
            return
        case _:
            raise DockerfileError(instruction.line, _R.UNKNOWN_HEALTHCHECK, type=kind)
