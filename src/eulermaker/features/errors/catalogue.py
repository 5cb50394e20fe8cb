"""The catalogue of every fault of the product, put together from the features' own entries.

An entry is declared beside the code that raises it, in the `faults` of its feature, and listed in
its `ENTRIES`; `answers` names its code in each family whose document has one for it. Documented
codes that no feature answers with are stood in for (`planned`).
"""

from eulermaker.dialects import files
from eulermaker.engines import containers as engine_containers
from eulermaker.engines import images as engine_images
from eulermaker.engines import networks as engine_networks
from eulermaker.engines import port
from eulermaker.engines import volumes as engine_volumes
from eulermaker.features.accounts import faults as accounts
from eulermaker.features.alerts import faults as alerts
from eulermaker.features.builds import faults as builds
from eulermaker.features.containers import faults as containers
from eulermaker.features.errors import faults as errors
from eulermaker.features.errors.planned import planned
from eulermaker.features.images import faults as images
from eulermaker.features.networks import faults as networks
from eulermaker.features.notifications import faults as notifications
from eulermaker.features.probes import faults as probes
from eulermaker.features.repositories import faults as repositories
from eulermaker.features.status_pages import faults as status_pages
from eulermaker.features.system import faults as system
from eulermaker.features.terminals import faults as terminals
from eulermaker.features.volumes import faults as volumes
from eulermaker.kernel import call, faults, limits, load, sockets
from eulermaker.kernel.faults import Catalogue


def catalogue() -> Catalogue:
    """All entries, those of features first."""
    parts = (
        faults.ENTRIES,
        call.ENTRIES,
        limits.ENTRIES,
        load.ENTRIES,
        sockets.ENTRIES,
        files.ENTRIES,
        port.ENTRIES,
        engine_containers.ENTRIES,
        engine_images.ENTRIES,
        engine_volumes.ENTRIES,
        engine_networks.ENTRIES,
        accounts.ENTRIES,
        images.ENTRIES,
        volumes.ENTRIES,
        networks.ENTRIES,
        builds.ENTRIES,
        repositories.ENTRIES,
        containers.ENTRIES,
        terminals.ENTRIES,
        probes.ENTRIES,
        notifications.ENTRIES,
        alerts.ENTRIES,
        status_pages.ENTRIES,
        system.ENTRIES,
        errors.ENTRIES,
    )
    entries = [entry for part in parts for entry in part]
    return Catalogue([*entries, *planned(entries)])
