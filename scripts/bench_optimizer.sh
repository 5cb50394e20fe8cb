#!/usr/bin/env bash
# Set everything up and measure what optimizing saves; arguments go to the benchmark.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install.sh
DOCKER_HOST=$(scripts/engine.sh | tail -n 1)
export DOCKER_HOST
scripts/base_image.sh >/dev/null
exec .venv/bin/python -m benchmarks.optimizer "$@"
