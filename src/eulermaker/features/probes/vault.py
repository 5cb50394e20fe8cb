"""The secrets of probes: encrypted where they are stored, put back where they are needed."""

import json
from collections.abc import Mapping

from eulermaker.features.probes.store import Probe
from eulermaker.kernel.sealing import Sealer


class Vault:
    """Seals the secrets of each probe for that probe alone."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def seal(self, probe: str, secrets: Mapping[str, str]) -> str | None:
        """The secrets as they are stored; None for none."""
        return self._sealer.seal(json.dumps(secrets), about=_place(probe)) if secrets else None

    def open(self, probe: Probe) -> dict[str, str]:
        """The secrets of a probe; raises SealBroken when this server's key does not fit."""
        if probe.secrets is None:
            return {}
        opened: dict[str, str] = json.loads(self._sealer.open(probe.secrets, about=_place(probe.id)))
        return opened


def _place(probe: str) -> str:
    return f"{probe}.config"
