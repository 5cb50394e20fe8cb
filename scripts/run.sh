#!/usr/bin/env bash
# Set everything up, then serve; arguments go to `eulermaker serve`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install.sh
scripts/console.sh
DOCKER_HOST=$(scripts/engine.sh | tail -n 1)
export DOCKER_HOST EULERMAKER_DATA_DIR=${EULERMAKER_DATA_DIR:-.run/data}
scripts/base_image.sh >/dev/null
exec .venv/bin/eulermaker serve "$@"
