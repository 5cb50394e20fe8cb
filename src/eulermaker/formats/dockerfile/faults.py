"""Why a Dockerfile is refused."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class DockerfileReason(StrEnum):
    EMPTY_FILE = "empty-file"
    NO_INSTRUCTIONS = "no-instructions"
    NO_STAGE = "no-stage"
    INSTRUCTION_BEFORE_FROM = "instruction-before-from"
    LINE_TOO_LONG = "line-too-long"
    DUPLICATE_DIRECTIVE = "duplicate-directive"
    INVALID_ESCAPE = "invalid-escape"
    UNKNOWN_INSTRUCTION = "unknown-instruction"
    MISSING_ARGUMENTS = "missing-arguments"
    TOO_MANY_ARGUMENTS = "too-many-arguments"
    MISSING_DESTINATION = "missing-destination"
    HEREDOC_DESTINATION = "heredoc-destination"
    UNTERMINATED_HEREDOC = "unterminated-heredoc"
    MALFORMED_FROM = "malformed-from"
    INVALID_STAGE_NAME = "invalid-stage-name"
    INVALID_STAGE_INDEX = "invalid-stage-index"
    CIRCULAR_DEPENDENCY = "circular-dependency"
    UNKNOWN_FLAG = "unknown-flag"
    DUPLICATE_FLAG = "duplicate-flag"
    MISSING_FLAG_VALUE = "missing-flag-value"
    INVALID_FLAG_VALUE = "invalid-flag-value"
    VARIABLE_IN_FROM_FLAG = "variable-in-from-flag"
    NON_STRING_IN_JSON = "non-string-in-json"
    JSON_REQUIRED = "json-required"
    MISSING_VALUE = "missing-value"
    MISSING_EQUALS = "missing-equals"
    BLANK_NAME = "blank-name"
    BLANK_VOLUME = "blank-volume"
    UNKNOWN_HEALTHCHECK = "unknown-healthcheck"
    FORBIDDEN_TRIGGER = "forbidden-trigger"
    BAD_SUBSTITUTION = "bad-substitution"
    BLANK_BASE = "blank-base"


_R = DockerfileReason

_SENTENCES: Final[Mapping[DockerfileReason, str]] = {
    _R.EMPTY_FILE: "the Dockerfile is empty",
    _R.NO_INSTRUCTIONS: "the Dockerfile has no instructions",
    _R.NO_STAGE: "the Dockerfile has no FROM, so there is no stage to build",
    _R.INSTRUCTION_BEFORE_FROM: "{keyword} comes before the first FROM",
    _R.LINE_TOO_LONG: "the line is longer than {limit} bytes",
    _R.DUPLICATE_DIRECTIVE: "the parser directive {name} is given twice",
    _R.INVALID_ESCAPE: "the escape directive {value!r} is neither ` nor \\",
    _R.UNKNOWN_INSTRUCTION: "unknown instruction: {keyword}",
    _R.MISSING_ARGUMENTS: "{keyword} needs an argument",
    _R.TOO_MANY_ARGUMENTS: "{keyword} takes no arguments",
    _R.MISSING_DESTINATION: "{keyword} needs at least one source and a destination",
    _R.HEREDOC_DESTINATION: "{keyword} cannot take a heredoc as its destination",
    _R.UNTERMINATED_HEREDOC: "the heredoc {name} is never closed",
    _R.MALFORMED_FROM: "FROM takes either one argument or `IMAGE AS NAME`",
    _R.INVALID_STAGE_NAME: "invalid stage name {name!r}: a letter, then letters, digits, - _ .",
    _R.INVALID_STAGE_INDEX: "there is no stage number {index}",
    _R.CIRCULAR_DEPENDENCY: "the stage {stage} depends on itself",
    _R.UNKNOWN_FLAG: "{keyword} has no flag --{flag}",
    _R.DUPLICATE_FLAG: "{keyword} has the flag --{flag} twice",
    _R.MISSING_FLAG_VALUE: "the flag --{flag} of {keyword} needs a value",
    _R.INVALID_FLAG_VALUE: "the flag --{flag} of {keyword} does not take {value!r}",
    _R.VARIABLE_IN_FROM_FLAG: "a variable cannot name where {keyword} takes files from: {value}",
    _R.NON_STRING_IN_JSON: "the JSON array of {keyword} may hold strings only",
    _R.JSON_REQUIRED: "{keyword} needs its arguments as a JSON array",
    _R.MISSING_VALUE: "{keyword} needs a name and a value",
    _R.MISSING_EQUALS: "{keyword} needs NAME=VALUE, not {word!r}",
    _R.BLANK_NAME: "a name in {keyword} is blank",
    _R.BLANK_VOLUME: "a path in VOLUME is blank",
    _R.UNKNOWN_HEALTHCHECK: "HEALTHCHECK takes CMD or NONE, not {type}",
    _R.FORBIDDEN_TRIGGER: "{trigger} cannot be an ONBUILD trigger",
    _R.BAD_SUBSTITUTION: "a variable in {text!r} cannot be expanded: {problem}",
    _R.BLANK_BASE: "the base image {base!r} comes to nothing",
}


class DockerfileError(ValueError):
    """A Dockerfile that BuildKit would refuse: `line` (1-based), `reason`, and `facts` for a translation."""

    def __init__(self, line: int, reason: DockerfileReason, **facts: str | int) -> None:
        super().__init__(f"line {line}: {_SENTENCES[reason].format_map(facts)}")
        self.line = line
        self.reason = reason
        self.facts: Mapping[str, str | int] = facts
