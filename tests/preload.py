"""What the tests' servers are forked from imports: the program, as its command starts it."""

from importlib import import_module

from eulermaker.__main__ import start_lean

start_lean()
for module in (
    "eulermaker.process",
    # What a start imports late.
    "aiosqlite",
    "alembic.command",
    "anyio._backends._asyncio",
    "asyncpg",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
):
    import_module(module)
