#!/usr/bin/env bash
# Make sure the RPM builder image exists on the engine of DOCKER_HOST; prints its name on stdout, progress on stderr.
# Beside it comes eulermaker/rpm-runtime, the same system without compilers, to install built packages in.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PYTHON=.venv/bin/python
[ -x "$PYTHON" ] || PYTHON=python3
readonly PYTHON
readonly BUILDER=eulermaker/rpm-builder:latest RUNTIME=eulermaker/rpm-runtime:latest
readonly OPENEULER=openeuler/openeuler:24.03-lts
readonly DEBIAN=eulermaker/debian:bookworm SUITE=bookworm

say() { echo "$*" >&2; }
fail() { say "error: $*"; exit 1; }
engine() { "$PYTHON" scripts/engine_api.py "$@" >&2; }

images_exist() { engine has "$BUILDER" && engine has "$RUNTIME"; }

# The builder comes last, so that its presence tells that all is complete.
build_images() { # DIRECTORY
    engine build "$RUNTIME" "scripts/images/$1" --target runtime &&
        engine build "$BUILDER" "scripts/images/$1" --target builder
}

from_openeuler() {
    say "pulling $OPENEULER"
    engine pull "$OPENEULER" --first-byte 20 && build_images openeuler
}

debootstrap_debian() {
    local work mirror
    work=$(mktemp -d "${TMPDIR:-/tmp}/eulermaker-bootstrap.XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    mirror=$(scripts/debian_mirror.sh)
    say "bootstrapping Debian $SUITE${mirror:+ from the mirror in use here}"
    # In a mount namespace of its own, so that an interrupted run leaves no mount behind.
    unshare --mount debootstrap --variant=minbase --include=ca-certificates "$SUITE" "$work/root" ${mirror:+"$mirror"} \
        >"$work/log" 2>&1 || { tail -n 5 "$work/log" >&2; return 1; }
    rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
    tar -C "$work/root" --numeric-owner --exclude='./dev/*' -cf - . |
        engine import "$DEBIAN" --change "CMD [\"/bin/bash\"]"
    rm -rf "$work"
}

from_debian() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" = 0 ] || return 1
    scripts/system_packages.sh debootstrap debian-archive-keyring
    engine has "$DEBIAN" || debootstrap_debian || return 1
    build_images debian
}

main() {
    mkdir -p .run
    exec 9>.run/base_image.lock
    flock 9
    engine ping || fail "no Docker Engine answers: run scripts/engine.sh and set DOCKER_HOST to what it prints"
    if ! images_exist; then
        from_openeuler || from_debian ||
            fail "no base image: pull $OPENEULER onto the engine, or run this as root on an apt system"
    fi
    echo "$BUILDER"
}

main
