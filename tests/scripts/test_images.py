import io
import json
import socket
import subprocess
import tarfile
from pathlib import Path

import pytest

from scripts import engine_api

RUNTIME = "eulermaker/rpm-runtime:latest"
BUILDER = "eulermaker/rpm-builder:latest"
BUSYBOX = "eulermaker/test-busybox:latest"


def rpm_requiring(requirement: str, directory: Path) -> Path:
    """An RPM without files that requires one thing."""
    spec = directory / "asking.spec"
    spec.write_text(
        "Name: asking\nVersion: 1\nRelease: 1\nSummary: Asks\nLicense: MIT\nBuildArch: noarch\n"
        f"Requires: {requirement}\n%description\nAsks.\n%files\n"
    )
    subprocess.run(
        ["rpmbuild", "--quiet", "-bb", "--define", f"_topdir {directory}", str(spec)],
        check=True,
        capture_output=True,
    )
    return next((directory / "RPMS").rglob("*.rpm"))


@pytest.mark.parametrize("installer", ["dnf install -y", "rpm -i"])
@pytest.mark.parametrize(
    ("requirement", "resolves"),
    [
        ("libc.so.6()(64bit)", True),
        ("/bin/sh", True),
        ("bash >= 4", True),
        ("libnosuch.so.9()(64bit)", False),
        ("bash >= 900", False),
        ("gcc", False),
    ],
)
def test_the_runtime_image_resolves_what_it_has_and_nothing_else(
    requirement: str, resolves: bool, installer: str, tmp_path: Path, docker_host: str
) -> None:
    rpm = rpm_requiring(requirement, tmp_path)

    code, output = engine_api.run(
        docker_host, RUNTIME, ["sh", "-c", f"{installer} /tmp/{rpm.name} && rpm -q asking"], rpm, timeout=120
    )

    assert (code == 0) is resolves, output


def test_the_builder_image_satisfies_build_requires_for_real(tmp_path: Path, docker_host: str) -> None:
    spec = tmp_path / "needy.spec"
    spec.write_text(
        "Name: needy\nVersion: 1\nRelease: 1\nSummary: Needs\nLicense: MIT\n"
        "BuildRequires: gcc, make, %{?missing}\n%description\nNeeds.\n%files\n"
    )

    def build(options: str) -> int:
        command = ["sh", "-c", f"rpmbuild -bb {options} /tmp/needy.spec"]
        return engine_api.run(docker_host, BUILDER, command, spec, timeout=120)[0]

    assert build("") == 0
    assert build("--define 'missing nosuch-devel'") != 0


@pytest.mark.parametrize("image", [RUNTIME, BUILDER])
def test_the_images_tell_what_they_are_made_of(image: str, docker_host: str) -> None:
    with engine_api.exchange(docker_host, "GET", f"/images/{image}/json") as answer:
        labels = json.loads(answer.response.read())["Config"]["Labels"]

    assert labels["org.eulermaker.base"] in {"debian", "openeuler"}


def test_run_hands_over_the_file_and_the_exit_code(tmp_path: Path, docker_host: str) -> None:
    note = tmp_path / "note"
    note.write_text("hello")

    told = engine_api.run(docker_host, BUSYBOX, ["sh", "-c", "cat /tmp/note; exit 3"], note, timeout=60)

    assert told == (3, "hello")


def test_import_has_and_the_refusal_of_a_failing_build(tmp_path: Path, docker_host: str) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as writer:
        writer.addfile(tarfile.TarInfo("empty"))
    archive.seek(0)
    image = "eulermaker/test-imported:latest"
    assert not engine_api.has_image(docker_host, image)
    engine_api.import_image(docker_host, image, archive, ['CMD ["/none"]'])
    assert engine_api.has_image(docker_host, image)
    with engine_api.exchange(docker_host, "DELETE", f"/images/{image}"):
        pass
    assert not engine_api.has_image(docker_host, image)

    (tmp_path / "Dockerfile").write_text(f"FROM {BUSYBOX}\nRUN exit 7\n")
    with pytest.raises(engine_api.EngineError, match="non-zero code: 7"):
        engine_api.build(docker_host, image, tmp_path, target="")
    assert not engine_api.has_image(docker_host, image)


def test_a_pull_without_progress_is_given_up(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent_engine:
        silent_engine.bind(str(tmp_path / "s"))
        silent_engine.listen()

        with pytest.raises(TimeoutError):
            engine_api.pull(f"unix://{tmp_path}/s", "some/image:latest", first_byte=0.2, silence=60)
