#!/usr/bin/env bash
# Set up .venv from requirements.lock, hashes required. Quick when nothing changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly STAMP=.venv/.complete

fail() { echo "error: $*" >&2; exit 1; }

python_suits() {
    command -v "$1" >/dev/null && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# The distribution's comes first: it is built with optimizations, which those compiled by hand often lack (a fifth
# of the speed). One that has no venv module is taken where nothing else is found, and is given one.
find_python() {
    local candidate candidates=(${PYTHON:-/usr/bin/python3 python3 python3.11 python3.12 python3.13 python3.14})
    for candidate in "${candidates[@]}"; do
        if python_suits "$candidate" && has_venv "$candidate"; then command -v "$candidate"; return; fi
    done
    for candidate in "${candidates[@]}"; do
        if python_suits "$candidate"; then command -v "$candidate"; return; fi
    done
    fail "Python 3.11 or newer is needed; found: $(python3 --version 2>/dev/null || echo none). Set PYTHON to one."
}

fingerprint() {
    { cat requirements.lock pyproject.toml; "$1" --version; pwd -P; } | sha256sum
}

# Debian ships the standard library's ensurepip in a package of its own.
ensure_venv_module() {
    has_venv "$1" && return
    scripts/system_packages.sh "$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
}

build_environment() {
    rm -f "$STAMP"
    # From scratch: an interrupted run leaves packages that pip takes for complete.
    "$1" -m venv --clear .venv
    .venv/bin/python -m pip install -qq --no-input --require-hashes --only-binary :all: -r requirements.lock
    .venv/bin/python -m pip install -qq --no-input --no-deps --no-build-isolation -e .
}

main() {
    mkdir -p .run
    [ -n "${HOME:-}" ] || export HOME="$PWD/.run/home"
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
    exec 9>.run/install.lock
    flock 9
    local python wanted
    python=$(find_python)
    wanted=$(fingerprint "$python")
    if [ "$(cat "$STAMP" 2>/dev/null || true)" != "$wanted" ]; then
        echo "installing Python packages into .venv" >&2
        ensure_venv_module "$python"
        build_environment "$python"
        echo "$wanted" >"$STAMP"
    fi
    # Where PYTHONDONTWRITEBYTECODE is set, every start would compile the sources: a fifth of its time.
    .venv/bin/python -m compileall -q src
}

main
