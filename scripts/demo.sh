#!/usr/bin/env bash
# Set everything up, then run the demonstration.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install.sh
scripts/console.sh
DOCKER_HOST=$(scripts/engine.sh | tail -n 1)
export DOCKER_HOST
scripts/base_image.sh >/dev/null
tarball=$(scripts/fetch_hello.sh)
exec .venv/bin/python -m scripts.demo "$tarball"
