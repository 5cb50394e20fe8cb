"""What terminals can answer."""

from eulermaker.kernel.faults import Answers, Entry, Kind, documented

_MISSING_IN_000: Answers = {"000": documented(404, "RESOURCE_NOT_FOUND")}
_CONFLICT_IN_000: Answers = {"000": documented(409, "RESOURCE_CONFLICT")}

TERMINAL_NOT_FOUND = Entry(
    "terminal-not-found",
    Kind.NOT_FOUND,
    zh="终端会话 {terminal} 不存在或早已结束，请新建会话",
    en="There is no terminal {terminal}, or it ended a while ago; open a new one",
    answers=_MISSING_IN_000,
)
RECORDING_NOT_FOUND = Entry(
    "recording-not-found",
    Kind.NOT_FOUND,
    zh="终端会话 {terminal} 没有录像：未开启录制，或已过保留期",
    en="Terminal {terminal} has no recording: recording is off, or it was kept long enough",
    answers=_MISSING_IN_000,
)
TERMINAL_FAILED = Entry(
    "terminal-failed",
    Kind.INTERNAL,
    zh="无法在容器中启动 {command}，请检查该命令、用户和工作目录在容器中是否存在",
    en="{command} cannot be started in the container; check that it, the user and the directory exist there",
    answers={"000": documented(500, "TERMINAL_ERROR")},
)
RESIZE_FAILED = Entry(
    "terminal-resize-failed",
    Kind.INTERNAL,
    zh="终端 {terminal} 的尺寸调整失败，请重试",
    en="The size of terminal {terminal} could not be changed; try again",
    answers={"000": documented(500, "TERMINAL_ERROR")},
)
TERMINAL_ENDED = Entry(
    "terminal-ended",
    Kind.CONFLICT,
    zh="终端会话 {terminal} 已结束（{reason}），请新建会话",
    en="Terminal {terminal} has ended ({reason}); open a new one",
    answers=_CONFLICT_IN_000,
)
TERMINAL_WITHOUT_TTY = Entry(
    "terminal-without-tty",
    Kind.CONFLICT,
    zh="终端会话 {terminal} 没有分配 TTY，无法调整尺寸",
    en="Terminal {terminal} was opened without a TTY, so it has no size",
    answers=_CONFLICT_IN_000,
)
TERMINAL_WITHOUT_INPUT = Entry(
    "terminal-without-input",
    Kind.CONFLICT,
    zh="终端会话 {terminal} 创建时未开启标准输入",
    en="Terminal {terminal} was opened without standard input",
    answers=_CONFLICT_IN_000,
)
TERMINAL_VIEW_ONLY = Entry(
    "terminal-view-only",
    Kind.FORBIDDEN,
    zh="此连接为只读模式，不能输入或调整尺寸；请去掉 mode=view 后重新连接",
    en="This socket only views; connect without mode=view to type or resize",
    answers={"000": documented(403, "FORBIDDEN")},
)
TOO_MANY_TERMINALS = Entry(
    "too-many-terminals",
    Kind.CONFLICT,
    zh="已有 {limit} 个终端会话，请先关闭一个",
    en="You have {limit} terminals already; close one first",
    answers=_CONFLICT_IN_000,
)
TOO_MANY_VIEWERS = Entry(
    "too-many-viewers",
    Kind.CONFLICT,
    zh="终端会话 {terminal} 已有 {limit} 个连接，请先断开一个",
    en="Terminal {terminal} has {limit} sockets already; close one first",
    answers=_CONFLICT_IN_000,
)

ENTRIES = (
    TERMINAL_NOT_FOUND,
    RECORDING_NOT_FOUND,
    TERMINAL_FAILED,
    RESIZE_FAILED,
    TERMINAL_ENDED,
    TERMINAL_WITHOUT_TTY,
    TERMINAL_WITHOUT_INPUT,
    TERMINAL_VIEW_ONLY,
    TOO_MANY_TERMINALS,
    TOO_MANY_VIEWERS,
)
