"""Every error that a check can tell is in the documents."""

import re
from pathlib import Path

CHECKS = Path("src/eulermaker/features/probes/checks")
PAGE = Path("docs/how-to/probe-types.md")
_TOLD = re.compile(
    r'(?:failed|unknown)\(\s*"([^"]+)"'
    r'|errno\.\w+: "([^"]+)"'
    r'|^    \d+: "([^"]+)"'
    r'|"(?:resolve|engine)": "([^"]+)"'
    r'|"error": "([^"]+)"',
    re.MULTILINE,
)


def test_every_error_is_documented() -> None:
    told = {
        next(filter(None, found))
        for source in CHECKS.glob("*.py")
        for found in _TOLD.findall(source.read_text())
    }
    page = PAGE.read_text()
    assert len(told) > 30
    assert sorted(error for error in told if f"`{error}`" not in page) == []
