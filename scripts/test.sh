#!/usr/bin/env bash
# Set everything up and run all tests; arguments go to pytest, which then is one process.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install.sh
scripts/console.sh
DOCKER_HOST=$(scripts/engine.sh | tail -n 1)
export DOCKER_HOST
scripts/test_images.sh >/dev/null
scripts/base_image.sh >/dev/null
scripts/system_packages.sh --dnf "rpm rpm-build rpm-sign createrepo_c gnupg2 cpio docker-distribution oathtool chromium" \
    rpm createrepo-c gnupg cpio docker-registry prometheus oathtool chromium

# Compiling the sources anew takes a quarter of the start of a server, and there are dozens of starts.
unset PYTHONDONTWRITEBYTECODE
# Two processes for each core, as most tests wait: for the engine, a server, a database. A file stays in one
# process, which has a server of its own; tests/conftest.py says which files come first.
side_by_side=(-n $(($(nproc) < 4 ? 2 * $(nproc) : 8)) --dist loadfile --no-loadscope-reorder)
# Who chooses tests wants to see what they print.
if [ "$#" -gt 0 ]; then side_by_side=(); fi

# On shared machines a deadline is missed now and then: in CI what failed is tried again, alone, twice at
# the most, and all results are shown.
suite() {
    scripts/with_services.sh .venv/bin/python -m pytest "${side_by_side[@]}" "$@" && return
    [ "${CI:-}" = true ] || return 1
    local try
    for try in 1 2; do
        echo "== trying again what failed ($try of 2)"
        scripts/with_services.sh .venv/bin/python -m pytest --last-failed --last-failed-no-failures none "$@" && return
    done
    return 1
}

# Everything on SQLite, then what a database matters to on PostgreSQL.
suite "$@"
suite --database postgresql "$@"
