"""The Dockerfile that builds a spec."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from shlex import quote

from eulermaker.formats.spec import Spec, SpecError, SpecReason, parse_spec
from eulermaker.kernel.faults import FieldError, InvalidFields

_CHINESE = {
    SpecReason.EMPTY: "spec 为空",
    SpecReason.BINARY: "spec 不是文本文件",
    SpecReason.MISSING_NAME: "spec 缺少 Name",
    SpecReason.MISSING_VERSION: "spec 缺少 Version",
    SpecReason.MISSING_RELEASE: "spec 缺少 Release",
}
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*")

# The home is where rpmbuild looks by default, and where its RPMs are looked for afterwards.
_TEMPLATE = """\
FROM {base}
WORKDIR /root/rpmbuild
COPY {spec_file} SPECS/{spec_file}
RUN {install}
COPY . SOURCES/
RUN rpmbuild -ba {checked} SPECS/{spec_file}
"""
_INSTALL = """\
set -e; \\
    if command -v dnf >/dev/null && ! command -v apt-get >/dev/null; then \\
        dnf{dnf} install -y rpm-build 'dnf-command(builddep)' && dnf{dnf} builddep -y SPECS/{spec_file}; \\
    elif ! rpm -q --whatprovides {wanted} >/dev/null; then \\
        apt-get update && apt-get{apt} install -y --no-install-recommends rpm {packages}; \\
    fi"""

# What apt installs is unknown to rpm's database, so rpmbuild cannot check it.
_UNCHECKED_WITH_APT = "$(command -v apt-get >/dev/null && echo --nodeps)"


def parsed_spec(text: str) -> Spec:
    """The spec's preamble; raises InvalidFields naming the line and what is missing."""
    try:
        return parse_spec(text)
    except SpecError as error:
        zh = f"第 {error.line} 行：{_CHINESE[error.reason]}"
        raise InvalidFields([FieldError("spec_content", zh, str(error), ("body", "spec_content"))]) from error


def spec_file(spec: Spec) -> PurePosixPath:
    """The spec's name in the context: from the package's name where that makes a file name."""
    return PurePosixPath(f"{spec.name if _PLAIN.fullmatch(spec.name) else 'package'}.spec")


def dockerfile_for(spec: Spec, *, base: str) -> str:
    """A Dockerfile that installs the BuildRequires before the sources come, then builds the spec."""
    file = spec_file(spec)
    install = _install(file, names_of(spec), dnf="", apt="")
    return _TEMPLATE.format(base=base, spec_file=file, install=install, checked=_UNCHECKED_WITH_APT)


def names_of(spec: Spec) -> list[str]:
    """The packages that a spec needs, as far as their names are plain."""
    return [each.name for each in spec.build_requires if _PLAIN.fullmatch(each.name)]


def install_of(file: PurePosixPath, names: Sequence[str], *, hurried: bool) -> str:
    """The command that installs BuildRequires and keeps what it fetched.

    `hurried` does not wait for the disk: the root is thrown away when the machine breaks down.
    """
    apt = " -o Dpkg::Options::=--force-unsafe-io" if hurried else ""
    return _install(file, names, dnf=" --setopt=keepcache=1", apt=apt)


def _install(file: PurePosixPath, names: Sequence[str], *, dnf: str, apt: str) -> str:
    return _INSTALL.format(
        spec_file=file,
        wanted=" ".join(map(quote, names)) or "rpm",
        packages=" ".join(quote(_debian_name(name)) for name in names),
        dnf=dnf,
        apt=apt,
    )


def _debian_name(name: str) -> str:
    """Debian's name for a package whose RPM name only differs in the way development files are marked."""
    return re.sub(r"-devel$", "-dev", name).lower()
