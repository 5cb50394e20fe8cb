"""Dependencies installed before the sources come, where that changes nothing."""

import pytest

from tests.features.optimizer.dockerfiles import analysis

PIP = "FROM base:1\nWORKDIR /src\nCOPY . .\n# install\nRUN pip3 install -r requirements.txt\nRUN make\n"
NPM = "FROM base:1\nWORKDIR /src\nCOPY . ./\nRUN npm ci --ignore-scripts\n"
SPEC = "FROM base:1\nWORKDIR /src\nCOPY . .\nRUN dnf builddep -y hello.spec"
MODULES = {"package.json": "{}", "package-lock.json": "{}", "index.js": ""}


def moved(text: str, files: dict[str, str]) -> bool:
    """Whether the install came first, and nothing else changed."""
    found = analysis(text, files=files, user=None)
    return any(finding.rule.slug == "dependencies-first" for finding in found.applied)


def test_the_manifest_comes_first_and_the_rest_after_the_install() -> None:
    found = analysis(PIP, files={"requirements.txt": "flask==3\n", "app.py": ""}, user=None)
    assert found.optimized == (
        "FROM base:1\nWORKDIR /src\nCOPY requirements.txt requirements.txt\n# install\n"
        "RUN pip3 install -r requirements.txt\nCOPY . .\nRUN make\n"
    )


def test_a_last_line_without_an_end_keeps_its_instructions_apart() -> None:
    found = analysis(SPEC, files={"hello.spec": "Name: hello\n"}, user=None)
    assert found.optimized.replace("--setopt=keepcache=1 ", "").endswith(
        "dnf builddep -y hello.spec\nCOPY . ."
    )
    assert "COPY hello.spec hello.spec\n" in found.optimized


@pytest.mark.parametrize(
    "line",
    [
        "flask",
        "flask>=1,<2  # why",
        "flask[async]==3.0; python_version < '3.9'",
        "flask==3.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11",
        "# comment",
        "",
    ],
)
def test_packages_of_an_index_need_no_sources(line: str) -> None:
    assert moved(PIP, {"requirements.txt": f"{line}\n"})


@pytest.mark.parametrize(
    "line",
    ["-e .", ".", "./lib", "-r more.txt", "-c limits.txt", "lib @ file:///src/lib", "--find-links dist",
     "dist/x.whl", "/src/x", "git+https://example.org/x"],
)  # fmt: skip
def test_requirements_that_lie_in_the_sources_keep_their_place(line: str) -> None:
    assert not moved(PIP, {"requirements.txt": f"flask\n{line}\n"})


@pytest.mark.parametrize(
    "text",
    [
        PIP.replace("WORKDIR /src\n", ""),
        PIP.replace("/src", "$HOME"),
        PIP.replace("COPY . .", "COPY --chown=1:1 . ."),
        PIP.replace("COPY . .", "COPY . /elsewhere"),
        PIP.replace("# install\n", "RUN true\n"),
        PIP.replace("pip3 install -r", "pip3 install -e . -r"),
        PIP.replace("requirements.txt\n", "requirements.txt && make\n"),
        PIP.replace("requirements.txt", "../requirements.txt"),
        PIP.replace("requirements.txt", "missing.txt"),
        PIP.replace("RUN pip3", "RUN PIP_INDEX_URL=x pip3"),
    ],
)
def test_what_could_read_the_sources_keeps_its_place(text: str) -> None:
    assert not moved(text, {"requirements.txt": "flask\n"})


def test_npm_needs_scripts_off_and_modules_of_a_registry() -> None:
    assert moved(NPM, MODULES)
    assert not moved(NPM.replace(" --ignore-scripts", ""), MODULES)
    assert not moved(NPM, MODULES | {"node_modules/x/index.js": ""})
    assert not moved(NPM, MODULES | {"package.json": '{"dependencies": {"x": "file:lib"}}'})
    settings = analysis(NPM, files=MODULES | {".npmrc": ""}, user=None).optimized
    assert "COPY .npmrc .npmrc\n" in settings


@pytest.mark.parametrize("spec", ["%include more.inc\n", "%global x %(cat VERSION)\n", "%{load:macros}\n"])
def test_a_spec_that_reads_other_files_keeps_its_place(spec: str) -> None:
    assert not moved(SPEC, {"hello.spec": f"Name: hello\n{spec}"})


def test_an_unknown_context_is_only_told_of() -> None:
    found = analysis(PIP, user=None)
    assert found.optimized == PIP
    assert "dependencies-late" in [finding.rule.slug for finding in found.findings]
