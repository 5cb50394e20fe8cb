#!/usr/bin/env bash
# Fetch the real GNU hello tarball, from its home or out of Debian's source package; prints its path on stdout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly NAME=hello-2.10.tar.gz DEBIAN_NAME=hello_2.10.orig.tar.gz SUITE=bookworm
readonly HOME_URL=https://ftp.gnu.org/gnu/hello/$NAME
readonly SHA256=31e066137a962676e89f69d1b65382de95a7ef7d914b8cb956f41ea72e0f516b
readonly SOURCES=$PWD/.run/sources

fail() { echo "error: $*" >&2; exit 1; }
is_genuine() { echo "$SHA256  $1" | sha256sum --check --status 2>/dev/null; }

from_home() { # FILE
    python3 - "$HOME_URL" "$1" <<'PY' 2>/dev/null
import shutil, sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=10) as answer, open(sys.argv[2], "wb") as file:
    shutil.copyfileobj(answer, file)
PY
}

# apt gets lists and a cache of its own: the machine's sources stay as they are.
from_debian() { # FILE
    local mirror apt
    mirror=$(scripts/debian_mirror.sh)
    [ -n "$mirror" ] || return 1
    apt=$SOURCES/apt
    rm -rf "$apt"
    mkdir -p "$apt"/{lists,cache,download}
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $SUITE main" >"$apt/sources.list"
    local options=(-qq -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root -o Acquire::Retries=3)
    (cd "$apt/download" && apt-get "${options[@]}" update && apt-get "${options[@]}" source --download-only hello) >"$apt/log" 2>&1 ||
        { tail -n 3 "$apt/log" >&2; return 1; }
    mv "$apt/download/$DEBIAN_NAME" "$1"
    rm -rf "$apt"
}

main() {
    mkdir -p "$SOURCES"
    if ! is_genuine "$SOURCES/$NAME"; then
        local fresh=$SOURCES/$NAME.part
        { from_home "$fresh" && is_genuine "$fresh"; } || { from_debian "$fresh" && is_genuine "$fresh"; } ||
            fail "the GNU hello tarball can be had neither from $HOME_URL nor from Debian's sources"
        mv "$fresh" "$SOURCES/$NAME"
    fi
    echo "$SOURCES/$NAME"
}

main
