"""What a spec says that makes its build slower, or fail."""

import re
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath
from typing import Final

from eulermaker.features.optimizer.findings import Finding, Rule, Severity
from eulermaker.formats.spec import Spec

SOURCE_MISSING: Final = Rule(
    "spec-source-missing",
    Severity.ERROR,
    safe=False,
    zh="上下文中没有 {tag} 的文件 {file}；请一并上传",
    en="The context has no {file}, which {tag} names; upload it, too",
)
SERIAL_MAKE: Final = Rule(
    "spec-serial-make",
    Severity.WARNING,
    safe=False,
    zh="make 没有并行编译；请用 %make_build 或 make %{{?_smp_mflags}}",
    en="make compiles one file at a time; use %make_build or make %{{?_smp_mflags}}",
)
OBSOLETE_TAG: Final = Rule(
    "spec-obsolete-tag",
    Severity.INFO,
    safe=False,
    zh="{tag} 已不起作用；请删除",
    en="{tag} has no effect any more; remove it",
)
REQUIRES_APART: Final = Rule(
    "spec-requires-apart",
    Severity.INFO,
    safe=True,
    zh="BuildRequires 单独成层，只随自身变化；已下载的软件包保留在缓存中",
    en="BuildRequires are a layer of their own that only they change; what was fetched stays in a cache",
)
PHASES: Final = Rule(
    "spec-phases",
    Severity.INFO,
    safe=True,
    zh="编译与打包分开：只改版本发布号或更新日志时不重新编译",
    en="Compiling and packaging are apart: a new release or changelog entry does not compile anew",
)
KEPT_TREE: Final = Rule(
    "spec-kept-tree",
    Severity.INFO,
    safe=False,
    zh="在上次构建留下的目录中只编译有变化的部分；结果是草稿，不应发布",
    en="Only what changed is compiled, in the tree that the last build left; the result is a draft, "
    "not to be published",
)
RULES: Final = (SOURCE_MISSING, SERIAL_MAKE, OBSOLETE_TAG, REQUIRES_APART, PHASES, KEPT_TREE)

_MAKE: Final = re.compile(r"\s*(?:[A-Za-z_]\w*=\S+\s+)*make(?:\s|$)")
_PARALLEL: Final = re.compile(r"_smp_mflags|_smp_build|-j|\binstall\b|\bcheck\b|\bclean\b|\btest\b")
_OBSOLETE: Final = re.compile(r"\s*(BuildRoot|Packager|Vendor)\s*:", re.IGNORECASE)


def find(text: str, spec: Spec, files: Collection[PurePosixPath] | None) -> Iterator[Finding]:
    """What the rules say of a spec."""
    if files is not None:
        yield from _missing(text, spec, {str(path) for path in files})
    for number, line in enumerate(text.splitlines(), 1):
        if _MAKE.match(line) and not _PARALLEL.search(line):
            yield Finding(SERIAL_MAKE, number)
        elif obsolete := _OBSOLETE.match(line):
            yield Finding(OBSOLETE_TAG, number, {"tag": obsolete[1]})


def _missing(text: str, spec: Spec, paths: set[str]) -> Iterator[Finding]:
    named = [("Source", each) for each in spec.sources] + [("Patch", each) for each in spec.patches]
    for tag, source in named:
        # A name with a macro that is not known may be any file's.
        if "%" not in source.filename and source.filename not in paths:
            line = _line_of(text, f"{tag}{source.number}") or (
                _line_of(text, tag) if source.number == 0 else None
            )
            yield Finding(
                SOURCE_MISSING, line or 1, {"tag": f"{tag}{source.number}", "file": source.filename}
            )


def _line_of(text: str, tag: str) -> int | None:
    found = re.search(rf"(?im)^\s*{tag}\s*:", text)
    return text.count("\n", 0, found.start()) + 1 if found else None
