"""Packages that the real rpmbuild makes, and builds that bring them."""

import base64
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent

import httpx

from tests.server import IMAGE, build, finished, own_name

#: A command that prints what it was made with; it requires nothing.
SPEC = """
    Name: {name}
    {epoch}
    Version: {version}
    Release: {release}
    Summary: Says {says}
    License: MIT
    BuildArch: noarch
    AutoReqProv: no
    %description
    Says something.
    %install
    mkdir -p %{{buildroot}}/usr/bin
    printf '#!/bin/sh\\necho {says}\\n' > %{{buildroot}}/usr/bin/{name}
    chmod 755 %{{buildroot}}/usr/bin/{name}
    %files
    /usr/bin/{name}
    """


def rpm(
    name: str, version: str = "1.0", release: str = "1", *, says: str = "hello", epoch: int | None = None
) -> bytes:
    """A package with one command."""
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder, "package.spec")
        told = "" if epoch is None else f"Epoch: {epoch}"
        spec.write_text(
            dedent(SPEC.format(name=name, version=version, release=release, says=says, epoch=told))
        )
        command = ["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {folder}", str(spec)]
        subprocess.run(command, check=True, capture_output=True)
        return next(Path(folder, "RPMS").rglob("*.rpm")).read_bytes()


def file_of(name: str, version: str = "1.0", release: str = "1") -> str:
    """What the file of such a package is called."""
    return f"{name}-{version}-{release}.noarch.rpm"


def build_bringing(client: httpx.Client, packages: Iterable[bytes], **fields: object) -> str:
    """A build that succeeded, whose artifacts are the packages."""
    identifier = start_bringing(client, packages, **fields)
    assert finished(client, identifier)["status"] == "success"
    return identifier


def start_bringing(client: httpx.Client, packages: Iterable[bytes], **fields: object) -> str:
    """A build whose artifacts are the packages; tells its id at once."""
    files = {
        f"{at}.rpm": {"content": base64.b64encode(content).decode(), "encoding": "base64"}
        for at, content in enumerate(packages)
    }
    return build(
        client,
        f"FROM {IMAGE}\nCOPY *.rpm /output/\n",
        name=own_name("packages"),
        context_files=files,
        **fields,
    )
