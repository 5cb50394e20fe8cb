"""Alembic's entry: runs on the connection that the server hands over."""

from alembic import context

from eulermaker.features.accounts import tables as _accounts  # noqa: F401  # registers its tables
from eulermaker.features.audit import tables as _audit  # noqa: F401  # registers its tables
from eulermaker.features.builds import tables as _builds  # noqa: F401  # registers its tables
from eulermaker.features.errors import tables as _errors  # noqa: F401  # registers its tables
from eulermaker.features.probes import tables as _probes  # noqa: F401  # registers its tables
from eulermaker.features.repositories import tables as _repositories  # noqa: F401  # registers its tables
from eulermaker.features.system import tables as _system  # noqa: F401  # registers its tables
from eulermaker.kernel.database import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
