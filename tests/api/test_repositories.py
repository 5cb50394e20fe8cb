"""RPM repositories: made, filled, signed, read and refused, with the real createrepo_c, gpg and rpmsign."""

import base64
import gzip
import re
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from eulermaker.features.repositories import faults
from tests.api.answers import data_of, done, refusal_of
from tests.api.servers import tailored
from tests.packages import build_bringing, file_of, rpm, start_bringing
from tests.server import IMAGE, NO_TRUST, ServerProcess, build, finished, own_name

REPOSITORIES = "/api/v1/repositories"
BUILDS = "/api/v1/builds"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "greeter"
SECONDS = 120
MADE, ACCEPTED = "Repository created", "Accepted; readers will see it in a moment"


def own_repository() -> str:
    """A name that no other test's repository has."""
    return f"repo-{uuid.uuid4().hex[:8]}"


def make(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    """A new repository."""
    body = {"name": own_repository(), **fields}
    made: dict[str, Any] = data_of(client.post(REPOSITORIES, json=body), 201, message=MADE)
    return made


def settled(client: httpx.Client, name: str) -> dict[str, Any]:
    """The repository once readers see what it is to be."""
    deadline = time.monotonic() + SECONDS
    while True:
        found: dict[str, Any] = data_of(client.get(f"{REPOSITORIES}/{name}"))
        if found["revision"] == found["published_revision"]:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def publish(client: httpx.Client, name: str, identifier: str) -> dict[str, Any]:
    """Publish a build, and wait until readers see it."""
    data_of(client.post(f"{BUILDS}/{identifier}/publish", json={"repository": name}), 201, message=ACCEPTED)
    return settled(client, name)


def reader(server: ServerProcess, token: str | None = None) -> httpx.Client:
    """Somebody with the repository's token, or nobody."""
    auth = None if token is None else httpx.BasicAuth("reader", token)
    return httpx.Client(base_url=server.url, auth=auth, timeout=60, verify=NO_TRUST)


def primary(client: httpx.Client, name: str) -> str:
    """The list of packages, as a reader finds it."""
    repomd = client.get(f"/repos/{name}/repodata/repomd.xml")
    assert repomd.status_code == 200, repomd.text
    href = re.search(r'href="(repodata/[0-9a-f]{64}-primary\.xml\.gz)"', repomd.text)
    assert href is not None, repomd.text
    answer = client.get(f"/repos/{name}/{href[1]}")
    assert answer.status_code == 200
    return gzip.decompress(answer.content).decode()


def listed(client: httpx.Client, name: str) -> set[str]:
    """The packages that a reader finds."""
    return set(re.findall(r'<location href="Packages/([^"]+)"', primary(client, name)))


@pytest.fixture(scope="module")
def hello() -> bytes:
    """A package."""
    return rpm("hello-api")


@pytest.fixture(scope="module")
def brought(shared_server: ServerProcess, admin_token: str, hello: bytes) -> str:
    """A build of the administrator's that made the package."""
    with shared_server.client(token=admin_token) as client:
        return build_bringing(client, [hello])


def test_a_new_repository_is_empty_and_can_be_read_at_once(
    admin: httpx.Client, shared_server: ServerProcess
) -> None:
    made = make(admin, description="For tests", public=True)
    assert made["url"] == f"{shared_server.url}/repos/{made['name']}/"
    assert (made["packages"], made["keep_versions"], made["signing_required"]) == (0, 5, False)
    assert settled(admin, made["name"])["status"] == "empty"
    with reader(shared_server) as anybody:
        assert listed(anybody, made["name"]) == set()
    assert made["name"] in [one["name"] for one in data_of(admin.get(REPOSITORIES))["repositories"]]


def test_what_is_published_can_be_read_whole_and_in_parts(
    admin: httpx.Client, shared_server: ServerProcess, brought: str, hello: bytes
) -> None:
    name = make(admin, public=True)["name"]
    publish(admin, name, brought)
    address = f"/repos/{name}/Packages/{file_of('hello-api')}"
    with reader(shared_server) as anybody:
        assert listed(anybody, name) == {file_of("hello-api")}
        whole = anybody.get(address)
        assert (whole.status_code, whole.content) == (200, hello)
        assert whole.headers["Cache-Control"] == "public, no-cache"
        part = anybody.get(address, headers={"Range": "bytes=4-9"})
        assert (part.status_code, part.content) == (206, hello[4:10])
        assert part.headers["Content-Range"] == f"bytes 4-9/{len(hello)}"
        beyond = anybody.get(address, headers={"Range": f"bytes={len(hello)}-"})
        refusal_of(beyond, 400, "INVALID_REQUEST", "range-not-satisfiable")
        known = anybody.get(address, headers={"If-None-Match": whole.headers["ETag"]})
        assert (known.status_code, known.content) == (304, b"")
        head = anybody.head(address)
        assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(hello)))
        primary_file = re.search(r'"(repodata/[^"]+-primary\.xml\.gz)"', _repomd(anybody, name))
        assert primary_file is not None
        metadata = anybody.get(f"/repos/{name}/{primary_file[1]}")
        assert metadata.headers["Cache-Control"] == "public, max-age=604800, immutable"
        for nowhere in (
            "Packages/none.rpm", "Packages/..", "Packages/%2e%2e%2fcurrent", "pool/x.rpm", "repodata/.hidden",
            "RPM-GPG-KEY", "repodata/repomd.xml.asc",
        ):  # fmt: skip
            assert anybody.get(f"/repos/{name}/{nowhere}").status_code == 404, nowhere
        missing = anybody.get(f"/repos/{name}/Packages/none.rpm")
        refusal_of(missing, 404, "RESOURCE_NOT_FOUND", "repository-file-not-found")
    package = data_of(admin.get(f"{REPOSITORIES}/{name}/packages"))["packages"][0]
    assert (package["file"], package["build_id"], package["size"]) == (
        file_of("hello-api"), brought, len(hello),
    )  # fmt: skip
    told = data_of(admin.get(f"{BUILDS}/{brought}"))["publications"]
    assert {"repository": name, "status": "published", "error": None} in told


def _repomd(client: httpx.Client, name: str) -> str:
    return client.get(f"/repos/{name}/repodata/repomd.xml").text


def test_the_repo_file_tells_dnf_all_it_needs(admin: httpx.Client, shared_server: ServerProcess) -> None:
    made = make(admin, description="Stable things", generate_key=True)
    address = f"/repos/{made['name']}.repo"
    with reader(shared_server, made["token"]) as somebody:
        told = somebody.get(address)
    assert told.headers["Cache-Control"] == "no-store"
    assert told.text.splitlines() == [
        f"[{made['name']}]",
        "name=Stable things",
        f"baseurl={made['url']}",
        "enabled=1",
        "gpgcheck=1",
        "repo_gpgcheck=1",
        "metadata_expire=60",
        f"gpgkey={made['url']}RPM-GPG-KEY",
        "username=reader",
        f"password={made['token']}",
    ]
    assert "# password=" in admin.get(address).text
    shown = data_of(admin.get(f"{REPOSITORIES}/{made['name']}/repo-file"))
    assert shown == {"name": f"{made['name']}.repo", "content": admin.get(address).text}
    changed = admin.patch(f"{REPOSITORIES}/{made['name']}", json={"public": True})
    assert data_of(changed, message="Repository updated")["public"] is True
    assert "password" not in admin.get(address).text
    unchanged = admin.patch(f"{REPOSITORIES}/{made['name']}", json={"description": None})
    assert data_of(unchanged, message="Repository updated")["description"] == "Stable things"


def test_only_those_who_may_read_a_repository_that_is_not_public(
    admin: httpx.Client, shared_server: ServerProcess, people: dict[str, httpx.Client]
) -> None:
    made = make(admin)
    settled(admin, made["name"])
    address = f"/repos/{made['name']}/repodata/repomd.xml"
    with reader(shared_server) as nobody, reader(shared_server, "guessed") as guesser:
        for client in (nobody, guesser):
            for place in (address, "/repos/no-such-repository/repodata/repomd.xml"):
                refused = client.get(place)
                refusal_of(refused, 401, "UNAUTHORIZED", "repository-locked")
                assert refused.headers["WWW-Authenticate"] == 'Basic realm="eulermaker"'
        for header in ("Basic", "Basic !!!", "Basic " + base64.b64encode(b"no colon").decode(), "Digest x"):
            assert nobody.get(address, headers={"Authorization": header}).status_code == 401
    with reader(shared_server, made["token"]) as somebody:
        answer = somebody.get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Vary"] == "Authorization"
    assert people["readonly"].get(address).status_code == 200
    refusal_of(people["foreigner"].get(address), 404, "RESOURCE_NOT_FOUND", "repository-not-found")
    renewed = data_of(admin.post(f"{REPOSITORIES}/{made['name']}/token"), message="The token was replaced")
    assert renewed["username"] == "reader"
    with reader(shared_server, made["token"]) as late, reader(shared_server, renewed["token"]) as timely:
        assert late.get(address).status_code == 401
        assert timely.get(address).status_code == 200


def test_packages_and_metadata_are_signed_by_the_repositorys_key(
    admin: httpx.Client, shared_server: ServerProcess, brought: str, tmp_path: Path
) -> None:
    name = make(admin, public=True, signing_required=True, generate_key=True)["name"]
    publish(admin, name, brought)
    with reader(shared_server) as anybody:
        _check_signatures(anybody, name, tmp_path / "generated")
        first = anybody.get(f"/repos/{name}/RPM-GPG-KEY").text
        answer = admin.put(f"{REPOSITORIES}/{name}/key", json={"private_key": _private_key()})
        fingerprint = data_of(answer, message="Signing key set")["key_fingerprint"]
        settled(admin, name)
        # What was published before is signed anew.
        assert _check_signatures(anybody, name, tmp_path / "given") == fingerprint
        assert anybody.get(f"/repos/{name}/RPM-GPG-KEY").text != first


@contextmanager
def _gpg_home() -> Iterator[Path]:
    """A home for gpg with a short path: its agent's socket lies in it, and such paths end at 107 bytes."""
    home = Path(tempfile.mkdtemp(prefix="gpg-"))
    try:
        yield home
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)
        shutil.rmtree(home)


def _private_key() -> str:
    with _gpg_home() as home:
        return _made_in(home)


def _made_in(home: Path) -> str:
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode=loopback", "--passphrase="]
    made = [*gpg, "--quick-generate-key", "Somebody <a@example.org>", "rsa2048", "sign", "never"]
    subprocess.run(made, check=True, capture_output=True)
    export = [*gpg, "--armor", "--export-secret-keys"]
    return subprocess.run(export, check=True, capture_output=True, text=True).stdout


def _check_signatures(client: httpx.Client, name: str, folder: Path) -> str:
    """Check every signature with the key that readers are given; tells its fingerprint."""
    folder.mkdir()
    (folder / "key").write_text(client.get(f"/repos/{name}/RPM-GPG-KEY").text)
    subprocess.run(["rpmkeys", "--dbpath", folder / "db", "--import", folder / "key"], check=True)
    for file in listed(client, name):
        (folder / file).write_bytes(client.get(f"/repos/{name}/Packages/{file}").content)
        checked = subprocess.run(
            ["rpmkeys", "--dbpath", folder / "db", "--checksig", "--verbose", folder / file],
            capture_output=True,
            text=True,
        )
        assert checked.returncode == 0, checked.stdout
        assert re.search("RSA/SHA[0-9]+ Signature.*: OK", checked.stdout), checked.stdout
    for file in ("repomd.xml", "repomd.xml.asc"):
        (folder / file).write_bytes(client.get(f"/repos/{name}/repodata/{file}").content)
    with _gpg_home() as home:
        gpg = ["gpg", "--homedir", str(home), "--batch", "--status-fd=1"]
        subprocess.run([*gpg, "--import", folder / "key"], check=True, capture_output=True)
        signature = [folder / "repomd.xml.asc", folder / "repomd.xml"]
        verified = subprocess.run([*gpg, "--verify", *signature], capture_output=True, text=True)
    valid = re.search(r"VALIDSIG ([0-9A-F]{40})", verified.stdout)
    assert valid is not None, verified.stderr
    return valid[1]


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nxxxx\n"])
def test_what_is_no_key_to_sign_with_is_refused(admin: httpx.Client, text: str) -> None:
    name = make(admin)["name"]
    answer = admin.put(f"{REPOSITORIES}/{name}/key", json={"private_key": text})
    error = refusal_of(answer, 400, "INVALID_REQUEST", "invalid-request")
    assert "private_key" in error["details"]["field_errors"]
    assert data_of(admin.get(f"{REPOSITORIES}/{name}"))["key_fingerprint"] is None


def test_no_secret_is_shown_or_stored_as_it_is(
    admin: httpx.Client, shared_server: ServerProcess, tmp_path: Path
) -> None:
    made = make(admin)
    private = _private_key()
    answer = admin.put(f"{REPOSITORIES}/{made['name']}/key", json={"private_key": private})
    # The block begins with what is public, and that is kept as it is.
    body = private.splitlines()[12]
    told = answer.text + admin.get(f"{REPOSITORIES}/{made['name']}").text + shared_server.log()
    assert body not in told
    assert made["token"] not in told
    for path in shared_server.data_dir.glob("eulermaker.db*"):
        content = path.read_bytes()
        assert body.encode() not in content
        assert made["token"].encode() not in content


def test_the_newest_versions_stay(admin: httpx.Client, shared_server: ServerProcess) -> None:
    name = make(admin, public=True, keep_versions=2)["name"]
    versions = ["1.9", "1.10", "1.2"]
    publish(admin, name, build_bringing(admin, [rpm("many", version) for version in versions[:2]]))
    older = build_bringing(admin, [rpm("many", versions[2])])
    _refused_to_publish(admin, name, older, "package-outdated")
    publish(admin, name, build_bringing(admin, [rpm("many", "2.0")]))
    with reader(shared_server) as anybody:
        assert listed(anybody, name) == {file_of("many", "1.10"), file_of("many", "2.0")}
        # Who has begun with the old metadata can go on for a while.
        assert anybody.get(f"/repos/{name}/Packages/{file_of('many', '1.9')}").status_code == 200
        data_of(
            admin.patch(f"{REPOSITORIES}/{name}", json={"keep_versions": 1}), message="Repository updated"
        )
        settled(admin, name)
        assert listed(anybody, name) == {file_of("many", "2.0")}
        package = f"{REPOSITORIES}/{name}/packages/{file_of('many', '2.0')}"
        done(admin.delete(package), "Package removed")
        refusal_of(admin.delete(package), 404, "RESOURCE_NOT_FOUND", "package-not-found")
        settled(admin, name)
        assert listed(anybody, name) == set()


def _refused_to_publish(
    client: httpx.Client, name: str, identifier: str, slug: str, status: int = 409
) -> None:
    code = {409: "RESOURCE_CONFLICT", 404: "RESOURCE_NOT_FOUND"}[status]
    by_build = client.post(f"{BUILDS}/{identifier}/publish", json={"repository": name})
    refusal_of(by_build, status, code, slug)
    in_repository = client.post(f"{REPOSITORIES}/{name}/packages", json={"build_id": identifier})
    refusal_of(in_repository, status, code, slug)


def test_publishing_is_refused_clearly(admin: httpx.Client, brought: str, hello: bytes) -> None:
    name = make(admin)["name"]
    _refused_to_publish(admin, "no-such-repository", brought, "repository-not-found", 404)
    _refused_to_publish(admin, name, "build_000000000000", "build-not-found", 404)
    draft = build(admin, f"FROM {IMAGE}\n", execute=False)
    _refused_to_publish(admin, name, draft, "build-not-publishable")
    failed = build(admin, f"FROM {IMAGE}\nRUN exit 3\n")
    finished(admin, failed)
    _refused_to_publish(admin, name, failed, "build-not-publishable")
    plain = build(admin, f"FROM {IMAGE}\nRUN mkdir /output && echo x > /output/x\n")
    finished(admin, plain)
    _refused_to_publish(admin, name, plain, "nothing-to-publish")
    spec = (EXAMPLES / "greeter.spec").read_text()
    sources = {"greeter.sh": (EXAMPLES / "greeter.sh").read_text()}
    hurried = {"spec_content": spec, "context_files": sources, "optimize": "max", "execute": True}
    made = admin.post(BUILDS, json={"name": own_name("hurried"), **hurried})
    assert finished(admin, made.json()["data"]["id"])["status"] == "success"
    _refused_to_publish(admin, name, made.json()["data"]["id"], "build-is-draft")
    missing = admin.post(f"{BUILDS}/{brought}/publish", json={"repository": name, "artifacts": ["none.rpm"]})
    refusal_of(missing, 404, "RESOURCE_NOT_FOUND", "artifact-not-found")

    publish(admin, name, brought)
    _refused_to_publish(admin, name, brought, "package-published-already")
    _refused_to_publish(
        admin, name, build_bringing(admin, [rpm("hello-api", says="other")]), "package-differs"
    )
    _refused_to_publish(
        admin, name, build_bringing(admin, [rpm("hello-api", says="epoch", epoch=3)]), "package-differs"
    )
    assert data_of(admin.get(f"{REPOSITORIES}/{name}"))["packages"] == 1

    unsigned = make(admin, signing_required=True)["name"]
    _refused_to_publish(admin, unsigned, brought, "repository-unsigned")
    refused = admin.post(
        BUILDS, json={"name": "a", "dockerfile_content": f"FROM {IMAGE}\n", "publish": unsigned}
    )
    refusal_of(refused, 409, "RESOURCE_CONFLICT", "repository-unsigned")
    refused = admin.post(
        BUILDS, json={"name": "a", "dockerfile_content": f"FROM {IMAGE}\n", "publish": "nowhere"}
    )
    refusal_of(refused, 404, "RESOURCE_NOT_FOUND", "repository-not-found")
    refused = admin.patch(f"{REPOSITORIES}/{name}", json={"signing_required": True})
    refusal_of(refused, 409, "RESOURCE_CONFLICT", "repository-unsigned")
    assert data_of(admin.get(f"{REPOSITORIES}/{name}"))["signing_required"] is False
    signed = make(admin, signing_required=True, generate_key=True)["name"]
    refused = admin.delete(f"{REPOSITORIES}/{signed}/key")
    refusal_of(refused, 409, "RESOURCE_CONFLICT", "repository-unsigned")
    assert data_of(admin.get(f"{REPOSITORIES}/{signed}"))["key_fingerprint"]


def test_a_build_is_published_once_it_has_succeeded(
    admin: httpx.Client, shared_server: ServerProcess
) -> None:
    name = make(admin, public=True)["name"]
    good = start_bringing(admin, [rpm("promised")], publish=name)
    bad = build(admin, f"FROM {IMAGE}\nRUN exit 3\n", publish=name)
    again = start_bringing(admin, [rpm("promised", says="other")], publish=name, execute=False)
    assert _publication_of(admin, again)["status"] == "waiting"
    _until(lambda: _publication_of(admin, good)["status"] == "published")
    with reader(shared_server) as anybody:
        assert listed(anybody, name) == {file_of("promised")}
    _until(lambda: _publication_of(admin, bad)["status"] == "refused")
    assert _publication_of(admin, bad)["error"]["code"] == "build-not-publishable"
    admin.post(f"{BUILDS}/{again}/execute")
    _until(lambda: _publication_of(admin, again)["status"] == "refused")
    error = _publication_of(admin, again)["error"]
    assert error["code"] == "package-differs"
    assert good in error["message"]
    told = data_of(admin.get(f"{REPOSITORIES}/{name}/publications"))["publications"]
    assert [one["build_id"] for one in told] == [again, bad, good]


def _publication_of(client: httpx.Client, identifier: str) -> dict[str, Any]:
    (publication,) = data_of(client.get(f"{BUILDS}/{identifier}"))["publications"]
    found: dict[str, Any] = publication
    return found


def _until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_deleted_repository_is_gone_for_everybody(
    admin: httpx.Client, shared_server: ServerProcess, brought: str
) -> None:
    made = make(admin, public=True)
    publish(admin, made["name"], brought)
    kept = shared_server.data_dir / "repositories" / made["id"]
    assert kept.is_dir()
    assert admin.delete(f"{REPOSITORIES}/{made['name']}").json()["message"] == "Repository deleted"
    refusal_of(admin.get(f"{REPOSITORIES}/{made['name']}"), 404, "RESOURCE_NOT_FOUND", "repository-not-found")
    with reader(shared_server) as anybody:
        assert anybody.get(f"/repos/{made['name']}/repodata/repomd.xml").status_code == 401
    _until(lambda: not kept.exists())
    # The build keeps what it made, and the name is free.
    kept_by_build = data_of(admin.get(f"{BUILDS}/{brought}/artifacts"))["artifacts"][0]
    assert admin.get(f"{BUILDS}/{brought}/artifacts/{kept_by_build['name']}").status_code == 200
    make(admin, name=made["name"])
    taken = admin.post(REPOSITORIES, json={"name": made["name"]})
    refusal_of(taken, 409, "RESOURCE_CONFLICT", "repository-name-taken")


@pytest.mark.parametrize("name", ["", "A", "a/b", "..", "x.repo", "a" * 65, "名", "a\u0000"])
def test_a_name_that_no_repository_can_have_is_refused(admin: httpx.Client, name: str) -> None:
    answer = admin.post(REPOSITORIES, json={"name": name})
    refusal_of(answer, 400, "INVALID_REQUEST", "invalid-request")


#: What each is answered: anonymous, stranger, readonly, operator, administrator, foreigner, owner.
WHO = ("anonymous", "stranger", "readonly", "operator", "administrator", "foreigner", "owner")
READ = (401, 200, 200, 200, 200, 404, 200)
WRITE = (401, 403, 403, 200, 200, 404, 200)
#: A build of the owner's, which did not succeed.
PUBLISH = (401, 404, 403, 409, 409, 404, 409)
TABLE: dict[tuple[str, str], tuple[tuple[int, ...], Any]] = {
    ("GET", ""): ((401, 200, 200, 200, 200, 200, 200), None),
    ("POST", ""): ((401, 201, 403, 201, 201, 201, 201), {"name": None}),
    ("GET", "/{repository}"): (READ, None),
    ("PATCH", "/{repository}"): (WRITE, {"description": "x"}),
    ("DELETE", "/{repository}"): (WRITE, None),
    ("PUT", "/{repository}/key"): (WRITE, {"generate": True}),
    ("DELETE", "/{repository}/key"): (WRITE, None),
    ("POST", "/{repository}/token"): (WRITE, None),
    ("GET", "/{repository}/repo-file"): (READ, None),
    ("GET", "/{repository}/packages"): (READ, None),
    ("POST", "/{repository}/packages"): (PUBLISH, {"build_id": None}),
    ("DELETE", "/{repository}/packages/{file}"): ((401, 403, 403, 404, 404, 404, 404), None),
    ("GET", "/{repository}/publications"): (READ, None),
    ("POST", "/api/v1/builds/{build}/publish"): (PUBLISH, {"repository": None}),
}


def test_no_operation_is_left_out_of_the_table(shared_server: ServerProcess) -> None:
    paths = httpx.get(f"{shared_server.url}/openapi.json", timeout=60).json()["paths"]
    found = {
        (method.upper(), path.removeprefix(REPOSITORIES))
        for path, methods in paths.items()
        if path.startswith((REPOSITORIES, f"{BUILDS}/{{build}}/publish"))
        for method in methods
    }
    assert found == set(TABLE)


@pytest.fixture(scope="module")
def of_the_owner(people: dict[str, httpx.Client]) -> str:
    """A draft of the owner's, which cannot be published."""
    return build(people["owner"], f"FROM {IMAGE}\n", execute=False)


@pytest.mark.parametrize("operation", TABLE, ids=" ".join)
def test_operation_answers_each_as_the_table_says(
    people: dict[str, httpx.Client], of_the_owner: str, operation: tuple[str, str]
) -> None:
    method, template = operation
    answers, wanted = TABLE[operation]
    for who, expected in zip(WHO, answers, strict=True):
        name = data_of(
            people["owner"].post(REPOSITORIES, json={"name": own_repository()}), 201, message=MADE
        )["name"]
        path = template.format(repository=name, file="none.rpm", build=of_the_owner)
        sent = {"name": own_repository(), "build_id": of_the_owner, "repository": name}
        body = wanted and {key: sent[key] if value is None else value for key, value in wanted.items()}
        if not path.startswith(BUILDS):
            path = REPOSITORIES + path
        answer = people[who].request(method, path, json=body)
        assert answer.status_code == expected, f"{who}: {answer.text}"
        if expected in (403, 401) or who == "foreigner":
            kept = people["owner"].get(f"{REPOSITORIES}/{name}")
            assert data_of(kept)["key_fingerprint"] is None
            assert data_of(kept)["description"] == ""


@pytest.fixture
def small(database_kind: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server with small bounds, whose createrepo_c is what the test puts at `tmp_path/createrepo`."""
    settings = {
        "EULERMAKER_REPOSITORIES__MAX_PER_USER": "1",
        "EULERMAKER_REPOSITORIES__MAX_PACKAGES": "1",
        "EULERMAKER_REPOSITORIES__CREATEREPO": str(tmp_path / "createrepo"),
    }
    with tailored(database_kind, tmp_path / "data", settings) as server:
        yield server


def test_bounds_and_what_ails_the_installation_are_told(small: ServerProcess, tmp_path: Path) -> None:
    program = tmp_path / "createrepo"
    with small.signed_in() as client:
        check = _health(client)
        assert check["status"] == "disabled"
        assert "createrepo-c" in check["message"]
        name = make(client, public=True)["name"]
        refused = client.post(REPOSITORIES, json={"name": own_repository()})
        refusal_of(refused, 409, "RESOURCE_CONFLICT", "too-many-repositories")
        assert _failed(client, name) == "repository-tool-missing"
        assert _health(client)["status"] == "degraded"
        one, two = (build_bringing(client, [rpm(package)]) for package in ("one", "two"))
        refused = client.post(f"{BUILDS}/{one}/publish", json={"repository": name})
        refusal_of(refused, 503, "INTERNAL_ERROR", "repository-tool-missing")

        program.write_text("#!/bin/sh\necho cannot open /secret/place >&2\nexit 1\n")
        program.chmod(0o755)
        assert _health(client)["status"] == "healthy"
        data_of(client.post(f"{BUILDS}/{one}/publish", json={"repository": name}), 201, message=ACCEPTED)
        assert _failed(client, name) == "repository-publishing-failed"
        message = data_of(client.get(f"{REPOSITORIES}/{name}"))["error"]["message"]
        assert "cannot open" in message
        assert "/secret" not in message
        _refused_to_publish(client, name, two, "repository-full")

        program.unlink()
        program.symlink_to(shutil.which("createrepo_c") or "")
        data_of(client.put(f"{REPOSITORIES}/{name}/key", json={"generate": True}), message="Signing key set")
        assert settled(client, name)["error"] is None

    small.stop()
    (small.data_dir / "secret-key").write_text("another secret, as long as a secret has to be\n")
    small.start()
    with small.signed_in() as client, reader(small) as anybody:
        done(client.delete(f"{REPOSITORIES}/{name}/packages/{file_of('one')}"), "Package removed")
        assert _failed(client, name) == "repository-key-unreadable"
        # Readers have what was published last.
        assert listed(anybody, name) == {file_of("one")}


def _health(client: httpx.Client) -> dict[str, str]:
    check: dict[str, str] = data_of(client.get("/api/v1/system/health"))["checks"]["repositories"]
    return check


def _failed(client: httpx.Client, name: str) -> str:
    _until(lambda: data_of(client.get(f"{REPOSITORIES}/{name}"))["status"] == "failed")
    return str(data_of(client.get(f"{REPOSITORIES}/{name}"))["error"]["code"])


def test_every_entry_is_provoked_here() -> None:
    text = Path(__file__).read_text()
    assert [entry.slug for entry in faults.ENTRIES if f'"{entry.slug}"' not in text] == []
