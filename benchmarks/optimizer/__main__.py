"""`python -m benchmarks.optimizer [PACKAGE…]`: each scenario as written and optimized, on one engine.

As written is the Dockerfile that the product shows for a spec, built by BuildKit with the warm cache of
its own earlier builds (`optimize: off`); beside it `safe`, or `max` where going on in a kept tree is
what the scenario is about. Seconds are those between a build's start and its end, as its detail tells.
"""

import argparse
import base64
import json
import os
import platform
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from tests.server import ServerProcess, finished

from benchmarks.optimizer.packages import PACKAGES, Package, Sources
from benchmarks.optimizer.report import SCENARIOS, Measured, Run, as_markdown
from scripts import engine_api

BASE = "eulermaker/rpm-builder:latest"
REPORT = Path(".run/bench-optimizer.json")
PAGE = Path("docs/reference/optimizer-benchmark.md")
SOURCES = Path(".run/sources/corpus")
BUILD_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Bench:
    """One package under measurement: a base that no cache knows, and a spec that nobody has built."""

    client: httpx.Client
    package: Package
    sources: Sources
    base: str
    salt: str

    def measured(self, scenarios: Sequence[str]) -> Iterator[Measured]:
        """The scenarios in their order: each builds upon what the ones before left."""
        written: dict[str, Run] = {}
        drafted = False
        for scenario in SCENARIOS:
            if scenario.slug not in scenarios:
                continue
            if scenario.slug == "tail":
                for level in ("off", scenario.level):
                    self._dockerfile(level, tail="")
                written["tail"] = self._dockerfile("off", tail="LABEL tail=1\n")
                optimized = self._dockerfile(scenario.level, tail="LABEL tail=1\n")
            else:
                if scenario.level == "max" and not drafted:
                    # A draft of what the other levels have built already.
                    self._spec("max", "release")
                    drafted = True
                written[scenario.slug] = self._spec("off", scenario.slug)
                optimized = self._spec(scenario.level, scenario.slug)
            yield Measured(
                self.package.name,
                self.package.system,
                scenario.slug,
                scenario.level,
                written[scenario.slug],
                optimized,
            )

    def _spec(self, level: str, scenario: str) -> Run:
        text = self.package.spec(
            salt=self.salt,
            release=1 if scenario in ("cold", "unchanged") else 2,
            more=("bc",) if scenario == "requires" else (),
        )
        changed = scenario in ("line", "requires")
        definition = {"spec_content": text, "base_image": self.base}
        return self._build(level, definition, self._tarball(changed=changed))

    def _dockerfile(self, level: str, *, tail: str) -> Run:
        name = self.package.name
        text = self.package.spec(salt=f"{self.salt}-tail")
        requires = " ".join(self.package.build_requires)
        dockerfile = (
            f"FROM {self.base}\nWORKDIR /root/rpmbuild\n"
            f"RUN apt-get update && apt-get install -y --no-install-recommends {requires}\n"
            f"COPY {name}.spec SPECS/\nCOPY {name}.tar.gz SOURCES/\n"
            f"RUN rpmbuild -ba --nodeps SPECS/{name}.spec\n{tail}"
        )
        files = {**self._tarball(changed=False), f"{name}.spec": {"content": text}}
        return self._build(level, {"dockerfile_content": dockerfile}, files)

    def _tarball(self, *, changed: bool) -> dict[str, Any]:
        content = base64.b64encode(self.sources.tarball(self.package, changed=changed)).decode()
        return {f"{self.package.name}.tar.gz": {"content": content, "encoding": "base64"}}

    def _build(self, level: str, definition: Mapping[str, str], files: Mapping[str, Any]) -> Run:
        body = {
            "name": f"bench-{level}-{self.package.name}",
            "context_files": files,
            "optimize": level,
            "timeout": BUILD_SECONDS,
            "execute": True,
            **definition,
        }
        made = self.client.post("/api/v1/builds", json=body).raise_for_status().json()["data"]
        found = finished(self.client, made["id"], seconds=BUILD_SECONDS)
        told = found["optimization"]
        if found["status"] != "success" or told["fallback"]:
            raise RuntimeError(
                f"{self.package.name} {level}: {json.dumps([found['error'], told['fallback']])}"
            )
        needed = 0.0 if told["reused"] else _needed(told["timeline"])
        return Run(found["duration"], needed)


def _needed(timeline: Sequence[Mapping[str, Any]]) -> float:
    """Seconds of the phases that every build of these inputs has to go through."""
    phases = {"metadata", "context", "prep", "package", "check", "export"}
    return float(round(sum(each["seconds"] for each in timeline if each["phase"] in phases), 3))


@contextmanager
def _fresh_base(salt: str) -> Iterator[str]:
    """The base under a name of its own: caches are named after it, and nobody has filled them."""
    name = f"eulermaker/bench-base:{salt}"
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    tag = f"/images/{quote(BASE)}/tag?{urlencode({'repo': 'eulermaker/bench-base', 'tag': salt})}"
    with engine_api.exchange(host, "POST", tag):
        pass
    try:
        yield name
    finally:
        with engine_api.exchange(host, "DELETE", f"/images/{quote(name)}"):
            pass


def _cleared(client: httpx.Client) -> None:
    """Delete the builds with their images."""
    for build in client.get("/api/v1/builds", params={"limit": 100}).json()["data"]["builds"]:
        client.delete(f"/api/v1/builds/{build['id']}", params={"clean_image": "true"})


def _told(each: Measured) -> str:
    return (
        f"{each.package:12} {each.scenario:10} as written {each.written.seconds:7.1f} s   "
        f"{each.level:4} {each.optimized.seconds:7.1f} s   {each.times:6.2f} x"
    )


def main() -> None:
    """Measure the packages that are named, all of the corpus unless some are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.optimizer", description=__doc__)
    parser.add_argument("--scenarios", default=",".join(each.slug for each in SCENARIOS))
    parser.add_argument("--publish", action="store_true", help=f"write {PAGE}")
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help=f"some of: {', '.join(PACKAGES)}")
    options = parser.parse_args()
    if unknown := set(options.packages) - set(PACKAGES):
        parser.error(f"no such package: {', '.join(sorted(unknown))}")
    sources = Sources(SOURCES.resolve())
    measured: list[Measured] = []
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, ServerProcess(Path(folder) / "data").running() as server:
        for name in options.packages or PACKAGES:
            salt = secrets.token_hex(6)
            with server.signed_in() as client, _fresh_base(salt) as base:
                bench = Bench(client, PACKAGES[name], sources, base, salt)
                try:
                    for each in bench.measured(options.scenarios.split(",")):
                        measured.append(each)
                        print(_told(each), flush=True)
                finally:
                    _cleared(client)
    about = {
        "measured": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"load average {load:.1f} at the start",
    }
    REPORT.parent.mkdir(exist_ok=True)
    told = {"about": about, "figures": [each.as_json() for each in measured]}
    REPORT.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    page = as_markdown(measured, about)
    if options.publish:
        PAGE.write_text(page)
    print(page)


if __name__ == "__main__":
    main()
