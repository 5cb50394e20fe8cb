"""What an analysis may know beside the Dockerfile itself."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of the build.

    `files` are the context's, None where they are not known. `users` has the user that each base
    image runs as, where that is known: '' is the superuser. `tenant` and `architecture` keep caches
    apart; without them a cache is named by the engine.
    """

    files: Mapping[PurePosixPath, bytes] | None = None
    users: Mapping[str, str] = field(default_factory=dict)
    tenant: str = ""
    architecture: str = ""

    def cache_id(self, manager: str, base: str, target: str) -> str:
        """The name of a cache: nothing is shared between tenants, architectures or base images."""
        if not self.tenant:
            return ""
        key = "\0".join((self.tenant, self.architecture, base, target))
        return f"eulermaker-{manager}-{hashlib.sha256(key.encode()).hexdigest()[:20]}"
