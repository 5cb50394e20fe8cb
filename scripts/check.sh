#!/usr/bin/env bash
# Lint, formatting, types, import rules, generated files, shell syntax, and the same for the console. Runs all of them, then tells which failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

scripts/install.sh || exit 1
PATH=$PWD/.venv/bin:$PATH
# Named one by one: .run holds whole file systems of others.
readonly SOURCES=(src tests benchmarks scripts)
failed=()

check() { # NAME COMMAND...
    local name=$1
    shift
    echo "== $name"
    "$@" || failed+=("$name")
}

shell_syntax() {
    local file status=0
    for file in scripts/*.sh .ci/run scripts/images/debian/register-debian-base-system; do
        bash -n "$file" || status=1
    done
    return "$status"
}

check "lint" ruff check "${SOURCES[@]}"
check "format" ruff format --check "${SOURCES[@]}"
check "types" mypy
check "imports" lint-imports
check "generated files" python scripts/generate.py --check
check "shell syntax" shell_syntax
if scripts/node_packages.sh; then
    check "console types" npm --prefix web run --silent types
    check "console lint" npm --prefix web run --silent lint
    check "console rules" npm --prefix web run --silent test
elif [ "${CI:-}" = true ]; then
    failed+=("console")
fi
if [ "${#failed[@]}" -gt 0 ]; then
    echo "error: failed checks: ${failed[*]}" >&2
    exit 1
fi
