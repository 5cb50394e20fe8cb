#!/usr/bin/env bash
# Set everything up and run all tests; arguments go to pytest. Where CI=true, an engine started here ends with it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

engine_was_ours=no
if scripts/engine.sh owned; then engine_was_ours=yes; fi

stop_engine_of_ci() {
    if [ "${CI:-}" = true ] && [ "$engine_was_ours" = no ]; then scripts/engine.sh stop; fi
}
trap stop_engine_of_ci EXIT

scripts/install.sh
DOCKER_HOST=$(scripts/engine.sh | tail -n 1)
export DOCKER_HOST
scripts/test_images.sh >/dev/null
scripts/base_image.sh >/dev/null
scripts/system_packages.sh --dnf "rpm rpm-build cpio docker-distribution" rpm cpio docker-registry

# On shared machines a deadline is missed now and then: in CI what failed gets one more try, and
# both results are shown.
suite() {
    scripts/with_services.sh .venv/bin/python -m pytest "$@" && return
    [ "${CI:-}" = true ] || return 1
    echo "== trying what failed once more"
    scripts/with_services.sh .venv/bin/python -m pytest --last-failed --last-failed-no-failures none "$@"
}

# Everything on SQLite, then what a database matters to on PostgreSQL.
suite "$@"
suite --database postgresql "$@"
