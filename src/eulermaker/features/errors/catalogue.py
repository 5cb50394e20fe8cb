"""The catalogue of every fault of the product, put together from the features' own entries."""

from eulermaker.engines import port
from eulermaker.features.accounts import faults as accounts
from eulermaker.features.builds import faults as builds
from eulermaker.features.errors import faults as errors
from eulermaker.kernel import call, faults
from eulermaker.kernel.faults import Catalogue


def catalogue() -> Catalogue:
    """All entries."""
    parts = (faults.ENTRIES, call.ENTRIES, port.ENTRIES, accounts.ENTRIES, builds.ENTRIES, errors.ENTRIES)
    return Catalogue(entry for part in parts for entry in part)
