#!/usr/bin/env bash
# Make sure eulermaker/test-busybox exists on the engine of DOCKER_HOST: Debian's static busybox on nothing.
# Prints the image's name on stdout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PYTHON=.venv/bin/python
[ -x "$PYTHON" ] || PYTHON=python3
readonly PYTHON
readonly IMAGE=eulermaker/test-busybox:latest

fail() { echo "error: $*" >&2; exit 1; }
engine() { "$PYTHON" scripts/engine_api.py "$@" >&2; }

# Unpacked, not installed: the package would push out the machine's own busybox.
unpack_busybox() { # DIRECTORY
    cd "$1"
    apt-get -qq download busybox-static 2>/dev/null || { apt-get -qq update && apt-get -qq download busybox-static; }
    dpkg-deb -x busybox-static_*.deb package
}

write_root() { # BUSYBOX DIRECTORY
    local applet
    mkdir -p "$2"/{bin,sbin,usr/bin,usr/sbin,etc,root,tmp}
    chmod 1777 "$2/tmp"
    cp "$1" "$2/bin/busybox"
    for applet in $("$1" --list-full); do ln -sf /bin/busybox "$2/$applet"; done
    # The loop above also linked busybox to itself.
    rm -f "$2/bin/busybox"
    cp "$1" "$2/bin/busybox"
    echo 'root:x:0:0:root:/root:/bin/sh' >"$2/etc/passwd"
    echo 'root:x:0:' >"$2/etc/group"
}

main() {
    engine has "$IMAGE" && { echo "$IMAGE"; return; }
    command -v apt-get >/dev/null || fail "the busybox image is made from a Debian package: an apt system is needed"
    local work
    work=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    chmod 755 "$work"
    (unpack_busybox "$work" >&2) || fail "busybox-static can't be downloaded by apt"
    write_root "$work/package/bin/busybox" "$work/root"
    tar -C "$work/root" --numeric-owner -cf - . | engine import "$IMAGE" --change 'CMD ["/bin/sh"]'
    echo "$IMAGE"
}

main
