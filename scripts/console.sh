#!/usr/bin/env bash
# Build the web console into the package. Quick when nothing changed; without Node the server shows its welcome page.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly BUILT=src/eulermaker/features/console/static
readonly STAMP=$BUILT/.complete

fingerprint() {
    { find web -path web/node_modules -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum; } | sha256sum
}

main() {
    local wanted status=0
    mkdir -p .run
    exec 8>.run/console.lock
    flock 8
    wanted=$(fingerprint)
    [ "$(cat "$STAMP" 2>/dev/null || true)" = "$wanted" ] && return
    scripts/node_packages.sh || status=$?
    if [ "$status" = 3 ]; then
        echo "the web console is not built; the server shows a page that says how to begin" >&2
        return
    fi
    [ "$status" = 0 ] || return "$status"
    echo "building the web console" >&2
    (cd web && npm run --silent build -- --logLevel warn >&2)
    echo "$wanted" >"$STAMP"
}

main
