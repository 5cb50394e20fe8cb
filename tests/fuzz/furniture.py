"""Something of everything for the fuzzer to ask about, made again when it was fuzzed away."""

import time

import httpx

from tests.server import IMAGE

API = "/api/v1"
TAGGED = "fuzz/image:latest"
DOCKERFILE = f"FROM {IMAGE}\nRUN mkdir /output && echo made > /output/made\n"
BUILD_SECONDS = 60.0


class Furniture:
    """What there is on the server; its ids by the names of the path parameters."""

    def __init__(self, client: httpx.Client, operator: httpx.Client) -> None:
        self._client = client
        self._operator = operator
        self._archive = b""
        self.ids: dict[str, str] = {}

    def place(self) -> None:
        """Make what is missing."""
        self._image()
        for path, name in (("volumes", "fuzz-volume"), ("networks", "fuzz-network")):
            self._missing(path, name, {"name": name})
        for name in ("fuzz-running", "fuzz-stopped"):
            self._missing("containers", name, {"name": name, "image": IMAGE, "command": ["sleep", "3600"]})
        self._client.post(f"{API}/containers/fuzz-running/start")
        self._build()
        self._terminal()

    def _image(self) -> None:
        kept = self._operator.get(f"{API}/images/{IMAGE}/export")
        if kept.status_code == 200:
            self._archive = self._archive or kept.content
        else:
            self._operator.post(f"{API}/images/import", params={"format": "load"}, content=self._archive)
        self._operator.post(f"{API}/images/{IMAGE}/tag", json={"tag": TAGGED})

    def _missing(self, path: str, name: str, body: dict[str, object]) -> None:
        if self._client.get(f"{API}/{path}/{name}").status_code == 404:
            self._client.post(f"{API}/{path}", json=body)

    def _build(self) -> None:
        if "build" in self.ids and self._client.get(f"{API}/builds/{self.ids['build']}").status_code == 200:
            return
        body = {"name": "fuzz", "dockerfile_content": DOCKERFILE, "execute": True}
        answer = self._client.post(f"{API}/builds", json=body)
        if answer.status_code != 201:
            return
        self.ids["build"] = answer.json()["data"]["id"]
        deadline = time.monotonic() + BUILD_SECONDS
        while time.monotonic() < deadline:
            found = self._client.get(f"{API}/builds/{self.ids['build']}").json()["data"]
            if found["status"] not in ("pending", "running"):
                return
            time.sleep(0.05)

    def _terminal(self) -> None:
        if "terminal" in self.ids:
            found = self._client.get(f"{API}/terminals/{self.ids['terminal']}")
            if found.status_code == 200 and found.json()["data"]["status"] == "active":
                return
        answer = self._client.post(f"{API}/terminals", json={"container_id": "fuzz-running"})
        if answer.status_code == 201:
            self.ids["terminal"] = answer.json()["data"]["session_id"]
