#!/usr/bin/env bash
# Set everything up and take a picture of every page of the web console, in both themes and languages.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install.sh
scripts/console.sh
DOCKER_HOST=$(scripts/engine.sh | tail -n 1)
export DOCKER_HOST
scripts/test_images.sh >/dev/null
scripts/system_packages.sh --dnf chromium chromium
exec .venv/bin/python -m tests.console.screenshots
