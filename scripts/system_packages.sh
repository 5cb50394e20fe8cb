#!/usr/bin/env bash
# Make sure operating-system packages are installed: system_packages.sh [--dnf "NAME ..."] NAME...
# NAMEs are Debian's; --dnf gives the names for dnf systems. Services that the packages bring are not started.
set -euo pipefail
umask 022

readonly POLICY=/usr/sbin/policy-rc.d
LOG=$(mktemp)
readonly LOG
policy_is_ours=""
trap clean_up EXIT

fail() { echo "error: $*" >&2; exit 1; }

clean_up() {
    rm -f "$LOG"
    if [ -n "$policy_is_ours" ]; then rm -f "$POLICY"; fi
}

missing_debs() {
    local name
    for name in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)" = installed ] || echo "$name"
    done
}

# invoke-rc.d asks this policy before it starts the service of a fresh package.
forbid_service_starts() {
    [ -e "$POLICY" ] && return
    policy_is_ours=yes
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod 755 "$POLICY"
}

apt() {
    apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o DPkg::Use-Pty=0 "$@" >"$LOG" 2>&1
}

install_debs() {
    export DEBIAN_FRONTEND=noninteractive
    forbid_service_starts
    # The first attempt spares the update where the package lists are recent enough.
    apt install -y --no-install-recommends "$@" && return
    apt update || echo "warning: some package lists could not be refreshed" >&2
    apt install -y --no-install-recommends "$@" || fail "apt can't install $*: $(grep '^E:' "$LOG" | tail -n 1)"
}

main() {
    local dnf_names=""
    if [ "${1:-}" = --dnf ]; then dnf_names=$2; shift 2; fi
    if command -v apt-get >/dev/null; then
        local wanted
        mapfile -t wanted < <(missing_debs "$@")
        [ "${#wanted[@]}" -gt 0 ] || return 0
        [ "$(id -u)" = 0 ] || fail "please install these packages first: ${wanted[*]}"
        echo "installing ${wanted[*]}" >&2
        install_debs "${wanted[@]}"
    elif command -v dnf >/dev/null && [ -n "$dnf_names" ]; then
        local names
        read -ra names <<<"$dnf_names"
        rpm -q --whatprovides "${names[@]}" >/dev/null 2>&1 && return
        [ "$(id -u)" = 0 ] || fail "please install these packages first: ${names[*]}"
        dnf install -y "${names[@]}" >&2
    else
        fail "neither apt nor dnf can install: $*"
    fi
}

main "$@"
