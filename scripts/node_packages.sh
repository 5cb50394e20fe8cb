#!/usr/bin/env bash
# Install the console's Node packages from web/package-lock.json. Quick when nothing changed; exit 3 without Node.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly STAMP=web/node_modules/.complete

node_suits() {
    command -v npm >/dev/null && command -v node >/dev/null &&
        node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
}

fingerprint() {
    { cat web/package-lock.json web/.npmrc; node --version; pwd -P; } | sha256sum
}

main() {
    if ! node_suits; then
        echo "Node.js 20.19 or newer with npm is needed; found: $(node --version 2>/dev/null || echo none)" >&2
        exit 3
    fi
    mkdir -p .run
    exec 9>.run/node-packages.lock
    flock 9
    local wanted
    wanted=$(fingerprint)
    [ "$(cat "$STAMP" 2>/dev/null || true)" = "$wanted" ] && return
    echo "installing Node packages into web/node_modules" >&2
    (cd web && npm ci --no-audit --no-fund --loglevel=error >&2)
    echo "$wanted" >"$STAMP"
}

main
