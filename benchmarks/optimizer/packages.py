"""The corpus: real packages out of Debian's sources, with a plain spec for each build system."""

import gzip
import io
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SUITE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

_BUILD: Mapping[str, str] = {
    "autotools": "%configure {options}\nmake %{{?_smp_mflags}}",
    "cmake": "cmake -S . -B build -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_BUILD_TYPE=RelWithDebInfo {options}\n"
    "cmake --build build %{{?_smp_mflags}}",
    "meson": "meson setup build --prefix=/usr --buildtype=debugoptimized {options}\nmeson compile -C build",
    "python": "python3 setup.py build",
}
_INSTALL: Mapping[str, str] = {
    "autotools": "make install DESTDIR=%{buildroot}\nrm -f %{buildroot}%{_infodir}/dir",
    "cmake": "DESTDIR=%{buildroot} cmake --install build",
    "meson": "DESTDIR=%{buildroot} meson install -C build --no-rebuild",
    "python": "python3 setup.py install --root=%{buildroot} --prefix=/usr",
}
_REQUIRES: Mapping[str, tuple[str, ...]] = {
    "autotools": ("gcc", "make"),
    "cmake": ("cmake", "gcc", "g++", "make"),
    "meson": ("meson", "ninja-build", "gcc", "g++"),
    "python": ("python3-dev", "python3-setuptools", "gcc"),
}
_SPEC = """\
%global salt {salt}
Name: {name}
Version: {version}
Release: {release}
Summary: {name}, built to be measured
License: as its source says
Source0: {name}.tar.gz
{arch}{requires}

%description
{name}.

%prep
%setup -q -n {name}

%build
{build}

%install
{install}
find %{{buildroot}} ! -type d | sed -e 's,^%{{buildroot}},,' \\
    -e 's,\\(/\\(man\\|info\\)/.*\\)$,\\1*,' >%{{_builddir}}/{name}.list

%files -f %{{_builddir}}/{name}.list

%changelog
* Mon Jan 05 2026 EulerMaker authors <noreply@example.org> - {version}-{release}
- Release {release}
"""


@dataclass(frozen=True, slots=True)
class Package:
    """A package: the name of its source, its build system, and the file that a line is added to.

    The source is Debian's, or with `pypi` the Python package index's; `options` are for its build system.
    """

    source: str
    version: str
    system: str
    changed: str
    line: str
    noarch: bool = False
    pypi: bool = False
    options: str = ""

    @property
    def name(self) -> str:
        """The name of the package that is built."""
        return self.source

    @property
    def build_requires(self) -> tuple[str, ...]:
        """What its build needs, under Debian's names."""
        return _REQUIRES[self.system]

    def spec(self, *, salt: str, release: int = 1, more: tuple[str, ...] = ()) -> str:
        """Its spec; the salt makes a spec that nobody has built before."""
        wanted = dict.fromkeys((*self.build_requires, *more))
        return _SPEC.format(
            salt=salt,
            name=self.name,
            version=self.version,
            release=release,
            arch="BuildArch: noarch\n" if self.noarch else "",
            requires="\n".join(f"BuildRequires: {each}" for each in wanted),
            build=_BUILD[self.system].format(options=self.options).rstrip(),
            install=_INSTALL[self.system],
        )


_C, _PY = "/* changed */", "# changed"
_NO_X = "-Dglx=no -Degl=no -Dx11=false -Dtests=false"

PACKAGES: Mapping[str, Package] = {
    package.source: package
    for package in (
        Package("hello", "2.10", "autotools", "src/hello.c", _C),
        Package("units", "2.22", "autotools", "units.c", _C),
        Package("gzip", "1.12", "autotools", "gzip.c", _C),
        Package("patch", "2.7.6", "autotools", "src/patch.c", _C),
        Package("sed", "4.9", "autotools", "sed/sed.c", _C),
        Package("libcsv", "3.0.3", "autotools", "libcsv.c", _C),
        Package("cjson", "1.7.15", "cmake", "cJSON.c", _C),
        Package("tinyxml2", "9.0.0", "cmake", "tinyxml2.cpp", _C),
        Package("uchardet", "0.0.7", "cmake", "src/uchardet.cpp", _C),
        Package("fribidi", "1.0.8", "meson", "lib/fribidi.c", _C, options="-Ddocs=false"),
        Package("libepoxy", "1.5.10", "meson", "src/dispatch_common.c", _C, options=_NO_X),
        Package("markupsafe", "2.1.2", "python", "src/markupsafe/_speedups.c", _C),
        Package("simplejson", "3.18.3", "python", "simplejson/_speedups.c", _C, pypi=True),
        Package("six", "1.16.0", "python", "six.py", _PY, pypi=True, noarch=True),
        Package("docopt", "0.6.2", "python", "docopt.py", _PY, pypi=True, noarch=True),
    )
}


class Sources:
    """The tarballs of the corpus, fetched once and packed anew under the package's own name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def tarball(self, package: Package, *, changed: bool = False) -> bytes:
        """The source as `NAME.tar.gz`; `changed` adds a line to one file."""
        packed = io.BytesIO()
        with (
            tarfile.open(self._fetched(package)) as original,
            # The same bytes each time: the header would tell when it was packed.
            gzip.GzipFile(fileobj=packed, mode="w", compresslevel=1, mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w") as made,
        ):
            found = False
            for member in original:
                path = member.name.removeprefix("./").partition("/")[2]
                file = original.extractfile(member) if member.isreg() else None
                content = file.read() if file else b""
                if path == package.changed:
                    found = True
                    content += f"{package.line}\n".encode() if changed else b""
                member.name, member.size = f"{package.name}/{path}".rstrip("/"), len(content)
                if member.islnk():
                    member.linkname = f"{package.name}/{member.linkname.removeprefix('./').partition('/')[2]}"
                made.addfile(member, io.BytesIO(content) if file else None)
        if not found:
            raise LookupError(f"{package.source} has no {package.changed}")
        return packed.getvalue()

    def _fetched(self, package: Package) -> Path:
        pattern = f"{package.source}[-_]*.tar.*"
        for fetch in (self._from_pypi if package.pypi else self._from_debian, None):
            found = [file for file in self._folder.glob(pattern) if file.suffix != ".asc"]
            if found:
                return found[0]
            if fetch is not None:
                fetch(package)
        raise LookupError(f"{package.source} cannot be fetched")

    def _from_pypi(self, package: Package) -> None:
        wanted = f"{package.source}=={package.version}"
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", wanted]
        subprocess.run(command, check=True, cwd=self._folder)

    def _from_debian(self, package: Package) -> None:
        # Lists and a cache of its own: the machine's sources stay as they are.
        apt = self._folder / "apt"
        (apt / "lists").mkdir(parents=True, exist_ok=True)
        (apt / "cache").mkdir(exist_ok=True)
        listed = apt / "sources.list"
        options = [
            "-qq", "-o", f"Dir::Etc::SourceList={listed}", "-o", "Dir::Etc::SourceParts=/dev/null",
            "-o", f"Dir::State::Lists={apt / 'lists'}", "-o", f"Dir::Cache={apt / 'cache'}",
            "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3",
        ]  # fmt: skip
        if not listed.exists():
            mirror = subprocess.check_output(["scripts/debian_mirror.sh"], text=True).strip()
            listed.write_text(f"deb-src [signed-by={KEYRING}] {mirror} {SUITE} main\n")
            subprocess.run(["apt-get", *options, "update"], check=True)
        command = ["apt-get", *options, "source", "--download-only", "--tar-only", package.source]
        subprocess.run(command, check=True, cwd=self._folder, stdout=subprocess.DEVNULL)
