"""Keys and signatures: each in a home of gpg's own, which is made for it and thrown away."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import structlog
from anyio import to_thread

from eulermaker.features.repositories.tools import ToolFailed, Tools
from eulermaker.kernel.faults import Fault, InvalidFields

log = structlog.get_logger("eulermaker.repositories")

KEY_SECONDS = 60.0
END_SECONDS = 5.0
#: rpm of every age in use checks RSA.
ALGORITHM = "rsa3072"
#: The socket of gpg's agent lies in its home, and a socket's path has 107 characters at most: a data
#: directory may be deeper than that.
PREFIX = "eulermaker-key-"
_BATCH = ("--batch", "--no-tty", "--pinentry-mode=loopback", "--passphrase=", "--quiet")


@dataclass(frozen=True, slots=True)
class Key:
    """A key that signs: both halves in ASCII, and its fingerprint."""

    fingerprint: str
    public: str
    private: str = field(repr=False)


class Keyring:
    """One key in a home of its own."""

    def __init__(self, tools: Tools, home: Path, fingerprint: str) -> None:
        self._tools = tools
        self._home = home
        self._fingerprint = fingerprint

    async def sign_packages(self, packages: Sequence[Path]) -> None:
        """Put the key's signature into the packages, in place of any other."""
        arguments = (
            "--addsign",
            "--define",
            f"__gpg {self._tools.program('gpg')}",
            "--define",
            f"_gpg_name {self._fingerprint}",
            "--define",
            f"_gpg_path {self._home}",
            *map(str, packages),
        )
        await self._tools.run("rpmsign", arguments, home=self._home, environment=_environment(self._home))

    async def sign_file(self, file: Path) -> None:
        """Write the file's detached signature beside it, with `.asc` at the end of its name."""
        signature = file.with_name(f"{file.name}.asc")
        wanted = ("--armor", "--detach-sign", "--yes", f"--local-user={self._fingerprint}")
        await _gpg(self._tools, self._home, *wanted, f"--output={signature}", str(file))


class Signing:
    """Makes, reads and uses keys."""

    def __init__(self, tools: Tools, *, node: str) -> None:
        self._tools = tools
        # Other installations have their homes beside ours.
        self._prefix = f"{PREFIX}{node.removeprefix('node_')}-"

    async def generated(self, *, name: str) -> Key:
        """A new key for a repository."""
        async with self._home() as home:
            with anyio.fail_after(KEY_SECONDS):
                wanted = (f"EulerMaker {name}", ALGORITHM, "sign", "never")
                await _gpg(self._tools, home, "--quick-generate-key", *wanted)
                return await _only_key(self._tools, home)

    async def read(self, private: str) -> Key:
        """The one key that the text holds; raises InvalidFields when it holds none that signs."""
        async with self._home() as home:
            with anyio.fail_after(KEY_SECONDS):
                try:
                    await _gpg(self._tools, home, "--import", stdin=private.encode())
                    key = await _only_key(self._tools, home)
                    trial = ("--detach-sign", f"--local-user={key.fingerprint}")
                    await _gpg(self._tools, home, *trial, stdin=b"trial")
                except ToolFailed as error:
                    raise _refused() from error
                return key

    @asynccontextmanager
    async def keyring(self, private: str, fingerprint: str) -> AsyncIterator[Keyring]:
        """The key, ready to sign."""
        async with self._home() as home:
            await _gpg(self._tools, home, "--import", stdin=private.encode())
            yield Keyring(self._tools, home, fingerprint)

    def forget_homes(self) -> None:
        """Remove the homes that a process of this installation has left by its death; for the start."""
        for home in Path(tempfile.gettempdir()).glob(f"{self._prefix}*"):
            shutil.rmtree(home, ignore_errors=True)

    @asynccontextmanager
    async def _home(self) -> AsyncIterator[Path]:
        home = Path(await to_thread.run_sync(lambda: tempfile.mkdtemp(prefix=self._prefix)))
        try:
            yield home
        finally:
            await _end_agent(self._tools, home)
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(lambda: shutil.rmtree(home, ignore_errors=True))


async def _only_key(tools: Tools, home: Path) -> Key:
    listed = await _gpg(tools, home, "--with-colons", "--list-secret-keys")
    fingerprint = _fingerprint(listed.decode(errors="replace"))
    public = await _gpg(tools, home, "--armor", "--export", fingerprint)
    private = await _gpg(tools, home, "--armor", "--export-secret-keys", fingerprint)
    return Key(fingerprint, public.decode(), private.decode())


def _fingerprint(listed: str) -> str:
    """The fingerprint in gpg's list of secret keys (doc/DETAILS); raises InvalidFields unless it is one."""
    records = [line.split(":") for line in listed.splitlines()]
    keys = [record for record in records if record[0] == "sec"]
    # Field 2 tells what ails a key: revoked, expired, disabled, invalid. Capital letters sum up what it can.
    if len(keys) != 1 or keys[0][1] in ("r", "e", "d", "i") or "S" not in keys[0][11]:
        raise _refused()
    return next(record[9] for record in records if record[0] == "fpr")


async def _end_agent(tools: Tools, home: Path) -> None:
    with anyio.CancelScope(shield=True), anyio.move_on_after(END_SECONDS):
        try:
            await tools.run("gpgconf", ("--kill", "all"), home=home, environment=_environment(home))
        except (ToolFailed, Fault) as error:
            # It ends by itself when it sees that its home is gone.
            log.warning("repositories.agent_left", reason=str(error))


async def _gpg(tools: Tools, home: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    return await tools.run(
        "gpg", (*_BATCH, *arguments), home=home, environment=_environment(home), stdin=stdin
    )


def _environment(home: Path) -> dict[str, str]:
    return {"GNUPGHOME": str(home)}


def _refused() -> Fault:
    return InvalidFields.one(
        "private_key",
        zh="必须是一个能签名、未过期、没有口令的 OpenPGP 私钥（gpg --armor --export-secret-keys 的输出）",
        en="It must be one OpenPGP private key that can sign, has not expired and has no passphrase: "
        "what `gpg --armor --export-secret-keys` prints",
    )
