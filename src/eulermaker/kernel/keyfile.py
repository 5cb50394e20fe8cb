"""Secrets that are made once and kept in a file of mode 0600."""

import os
from pathlib import Path

from eulermaker.kernel.ids import new_secret


def secret_in(path: Path) -> str:
    """The secret kept in the file; when there is none, a new one is made and kept.

    The file appears whole or not at all, and of two processes that make it at once both get the
    same secret.
    """
    if path.exists():
        return path.read_text().strip()
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(new_secret() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass  # Another process was quicker: its secret is the one.
    finally:
        fresh.unlink()
    return path.read_text().strip()
