#!/usr/bin/env bash
# Remove what the other scripts made in this tree, after stopping the engine started from here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/engine.sh stop
rm -rf web/node_modules src/eulermaker/features/console/static
rm -rf .venv .run .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
find . -name __pycache__ -type d -prune -exec rm -rf {} +
