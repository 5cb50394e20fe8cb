"""The Chinese sentences for what is wrong with a Dockerfile."""

from collections.abc import Mapping
from typing import Final

from eulermaker.formats.dockerfile import DockerfileError
from eulermaker.formats.dockerfile import DockerfileReason as R

_SENTENCES: Final[Mapping[R, str]] = {
    R.EMPTY_FILE: "Dockerfile 为空",
    R.NO_INSTRUCTIONS: "Dockerfile 中没有任何指令",
    R.NO_STAGE: "Dockerfile 中没有 FROM，没有可构建的阶段",
    R.INSTRUCTION_BEFORE_FROM: "{keyword} 出现在第一个 FROM 之前",
    R.LINE_TOO_LONG: "该行超过 {limit} 字节",
    R.DUPLICATE_DIRECTIVE: "解析器指令 {name} 重复",
    R.INVALID_ESCAPE: "escape 指令 {value!r} 只能是 ` 或 \\",
    R.UNKNOWN_INSTRUCTION: "未知指令：{keyword}",
    R.MISSING_ARGUMENTS: "{keyword} 缺少参数",
    R.TOO_MANY_ARGUMENTS: "{keyword} 不接受参数",
    R.MISSING_DESTINATION: "{keyword} 至少需要一个源和一个目标",
    R.HEREDOC_DESTINATION: "{keyword} 的目标不能是 heredoc",
    R.UNTERMINATED_HEREDOC: "heredoc {name} 没有结束",
    R.MALFORMED_FROM: "FROM 只接受一个参数，或“镜像 AS 名称”",
    R.INVALID_STAGE_NAME: "阶段名 {name!r} 无效：以字母开头，后跟字母、数字或 - _ .",
    R.INVALID_STAGE_INDEX: "没有编号为 {index} 的阶段",
    R.CIRCULAR_DEPENDENCY: "阶段 {stage} 依赖自身",
    R.UNKNOWN_FLAG: "{keyword} 没有 --{flag} 选项",
    R.DUPLICATE_FLAG: "{keyword} 的 --{flag} 选项重复",
    R.MISSING_FLAG_VALUE: "{keyword} 的 --{flag} 选项缺少值",
    R.INVALID_FLAG_VALUE: "{keyword} 的 --{flag} 选项不接受 {value!r}",
    R.VARIABLE_IN_FROM_FLAG: "{keyword} 的来源不能用变量：{value}",
    R.NON_STRING_IN_JSON: "{keyword} 的 JSON 数组只能包含字符串",
    R.JSON_REQUIRED: "{keyword} 的参数必须是 JSON 数组",
    R.MISSING_VALUE: "{keyword} 需要名称和值",
    R.MISSING_EQUALS: "{keyword} 需要“名称=值”，而不是 {word!r}",
    R.BLANK_NAME: "{keyword} 中的名称为空",
    R.BLANK_VOLUME: "VOLUME 中的路径为空",
    R.UNKNOWN_HEALTHCHECK: "HEALTHCHECK 只接受 CMD 或 NONE，而不是 {type}",
    R.FORBIDDEN_TRIGGER: "{trigger} 不能作为 ONBUILD 触发指令",
    R.BAD_SUBSTITUTION: "{text!r} 中的变量无法展开：{problem}",
    R.BLANK_BASE: "基础镜像 {base!r} 展开后为空",
}


def in_chinese(error: DockerfileError) -> str:
    """What is wrong, in Chinese, without the line."""
    return _SENTENCES[error.reason].format_map(error.facts)
