"""Package caches: which are mounted, and what may no longer throw them away."""

import pytest

from tests.features.optimizer.dockerfiles import analysis, optimized


def targets(run: str, user: str | None = "") -> list[str]:
    """Where caches are mounted in an optimized RUN."""
    text = analysis(f"FROM base:1\n{run}\n", user=user).optimized
    return [part.split(",")[0] for part in text.split("target=")[1:]]


@pytest.mark.parametrize(
    ("run", "caches"),
    [
        ("RUN dnf install -y gcc", ["/var/cache/dnf"]),
        ("RUN dnf -y builddep hello.spec", ["/var/cache/dnf"]),
        ("RUN yum -y install gcc", ["/var/cache/yum", "/var/cache/dnf"]),
        ("RUN microdnf install gcc", ["/var/cache/yum", "/var/cache/dnf"]),
        ("RUN apt-get update && apt-get install -y gcc", ["/var/cache/apt", "/var/lib/apt/lists"]),
        ("RUN apk add gcc", ["/etc/apk/cache"]),
        ("RUN pip install flask", ["/root/.cache/pip"]),
        ("RUN cd web && npm ci", ["/root/.npm"]),
        ("RUN DEBIAN_FRONTEND=noninteractive apt-get -y upgrade", ["/var/cache/apt", "/var/lib/apt/lists"]),
        ("RUN --network=host dnf install -y gcc", ["/var/cache/dnf"]),
    ],
)
def test_what_fetches_gets_its_cache(run: str, caches: list[str]) -> None:
    assert targets(run) == caches


@pytest.mark.parametrize(
    "run",
    [
        "RUN dnf remove -y gcc",
        "RUN dnf --version",
        "RUN dnf install -y gcc && pip install flask",
        "RUN if true; then dnf install -y gcc; fi",
        'RUN ["dnf", "install", "-y", "gcc"]',
        "RUN <<EOF\ndnf install -y gcc\nEOF",
        "RUN --mount=type=cache,target=/var/cache/dnf dnf install -y gcc",
        "RUN apt-get install -y gcc && cp /var/cache/apt/archives/*.deb /debs/",
        "RUN echo dnf install -y gcc",
        'SHELL ["/bin/bash", "-c"]\nRUN dnf install -y gcc',
        "ONBUILD RUN dnf install -y gcc",
    ],
)
def test_what_is_not_plain_is_left_as_it_was(run: str) -> None:
    text = f"FROM base:1\n{run}\n"
    assert analysis(text).optimized == text


@pytest.mark.parametrize(
    ("user", "caches"), [("", 1), ("root", 1), ("0:0", 1), ("builder", 0), ("1000", 0), (None, 0)]
)
def test_a_home_directory_is_the_superusers_only_where_that_is_sure(user: str | None, caches: int) -> None:
    assert len(targets("RUN pip install flask", user)) == caches


def test_a_user_of_the_stage_counts_and_so_does_one_of_the_stage_before() -> None:
    assert not targets("USER builder\nRUN pip install flask")
    assert not targets("USER $WHO\nRUN pip install flask")
    assert targets("USER builder\nUSER root\nRUN pip install flask")
    later = "FROM base:1 AS first\nUSER builder\nFROM first\nRUN pip install flask\n"
    assert analysis(later).optimized == later


@pytest.mark.parametrize(
    ("run", "after"),
    [
        ("RUN dnf install -y gcc && dnf clean all", "dnf --setopt=keepcache=1 install -y gcc"),
        (
            "RUN dnf clean all && dnf install -y gcc",
            "true && dnf --setopt=keepcache=1 install -y gcc",
        ),
        (
            "RUN dnf install -y gcc; dnf clean all",
            "dnf --setopt=keepcache=1 install -y gcc; true",
        ),
        (
            "RUN dnf install -y gcc && dnf clean all && make",
            "dnf --setopt=keepcache=1 install -y gcc && true && make",
        ),
        (
            "RUN apt-get update && apt-get install -y gcc && rm -rf /var/lib/apt/lists/*",
            "apt-get update && apt-get install -y gcc",
        ),
        (
            "RUN apt-get install -y gcc && rm -rf /var/lib/apt/lists/* /tmp/*",
            "apt-get install -y gcc && rm -rf /tmp/*",
        ),
        ("RUN apk add --no-cache gcc", "apk add --update-cache gcc"),
        ("RUN pip install --no-cache-dir flask", "pip install flask"),
        (
            "RUN dnf install -y gcc \\\n    make && \\\n    dnf clean all && \\\n    rm -rf /var/cache/dnf",
            "dnf --setopt=keepcache=1 install -y gcc \\\n    make && \\\n    true",
        ),
    ],
)
def test_the_cache_is_filled_and_not_thrown_away(run: str, after: str) -> None:
    assert optimized(run) == after


def test_a_cache_is_named_after_the_tenant_the_base_and_the_machine() -> None:
    text = "FROM base:1\nRUN dnf install -y gcc\n"
    names = {analysis(text, tenant=tenant).optimized for tenant in ("a", "b")}
    assert len(names) == 2
    assert all("id=eulermaker-dnf-" in name for name in names)
    assert analysis(text).optimized.count("id=") == 0
