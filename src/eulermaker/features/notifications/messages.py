"""What people read: a title and a text in their language, made of an announcement's facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eulermaker.kernel.faults import Language

MAX_NAME = 200
MAX_ERROR = 1000
MAX_FACTS = 5

_TITLES: Mapping[str, Mapping[Language, str]] = {
    "firing": {"zh": "【{severity}】探针 {name} 异常", "en": "[{severity}] Probe {name} is failing"},
    "resolved": {"zh": "【恢复】探针 {name} 已恢复正常", "en": "[resolved] Probe {name} is well again"},
    "flapping": {
        "zh": "【{severity}】探针 {name} 状态频繁变化",
        "en": "[{severity}] Probe {name} keeps changing its state",
    },
    "test": {"zh": "【测试】EulerMaker 通知渠道可用", "en": "[test] This EulerMaker channel works"},
}
_SEVERITIES: Mapping[str, Mapping[Language, str]] = {
    "info": {"zh": "提示", "en": "info"},
    "warning": {"zh": "警告", "en": "warning"},
    "critical": {"zh": "严重", "en": "critical"},
}
_LINES: Mapping[str, Mapping[Language, str]] = {
    "error": {"zh": "原因：{value}", "en": "Reason: {value}"},
    "container": {"zh": "容器：{value}", "en": "Container: {value}"},
    "by": {"zh": "操作人：{value}", "en": "By: {value}"},
    "at": {"zh": "时间：{value}", "en": "Time: {value}"},
    "alert": {"zh": "告警编号：{value}", "en": "Alert: {value}"},
}


@dataclass(frozen=True, slots=True)
class Text:
    """A message for people; neither part has control characters but the text's line ends."""

    title: str
    text: str

    @property
    def whole(self) -> str:
        """Title and text together."""
        return f"{self.title}\n{self.text}" if self.text else self.title


def text_of(payload: Mapping[str, Any], language: Language) -> Text:
    """The message that a payload is for people."""
    probe, alert = payload.get("probe") or {}, payload.get("alert") or {}
    severity = _SEVERITIES.get(str(alert.get("severity")), {"zh": "", "en": ""})[language]
    kind = str(payload["event"]).removeprefix("alert.")
    title = _TITLES[kind][language].format(name=_clean(probe.get("name"), MAX_NAME), severity=severity)
    facts = {
        "error": _reason(payload.get("details") or {}),
        "container": probe.get("container_id"),
        "by": alert.get("resolved_by"),
        "at": payload.get("timestamp"),
        "alert": alert.get("id"),
    }
    lines = [
        _LINES[name][language].format(value=_clean(value, MAX_ERROR))
        for name, value in facts.items()
        if value is not None
    ]
    return Text(title, "\n".join(lines))


def _reason(details: Mapping[str, Any]) -> str | None:
    """What the check said, with its facts: `unexpected status (status_code: 503)`."""
    error = details.get("error")
    if error is None:
        return None
    facts = [
        f"{name}: {_clean(fact, MAX_NAME)}"
        for name, fact in details.items()
        if name != "error" and isinstance(fact, str | int | float)
    ]
    return f"{error} ({', '.join(facts[:MAX_FACTS])})" if facts else str(error)


def _clean(value: object, length: int) -> str:
    shown = "".join(char if char.isprintable() else " " for char in str(value))
    return shown if len(shown) <= length else f"{shown[: length - 1]}…"
