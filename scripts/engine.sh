#!/usr/bin/env bash
# Make sure a Docker Engine answers; the last line on stdout is the DOCKER_HOST to use.
#   engine.sh          use the engine of DOCKER_HOST or the local socket, else install and start one under .run/
#   engine.sh stop     end the engine started from here
#   engine.sh owned    succeed when the engine started from here is running
# EULERMAKER_ENGINE_SOCKET is the local socket to look for (/var/run/docker.sock).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PYTHON=.venv/bin/python
[ -x "$PYTHON" ] || PYTHON=python3
readonly PYTHON
readonly LOCAL_SOCKET=${EULERMAKER_ENGINE_SOCKET:-/var/run/docker.sock}
readonly RUN=$PWD/.run
readonly DATA=$RUN/docker PID_FILE=$RUN/docker.pid LOG=$RUN/docker.log
TREE_HASH=$(printf %s "$RUN" | sha256sum | cut -c1-8)
readonly TREE_HASH BRIDGE=em-$TREE_HASH
readonly BRIDGES_LOCK=/run/eulermaker-bridges.lock
readonly START_SECONDS=90 STOP_SECONDS=40

say() { echo "$*" >&2; }
fail() { say "error: $*"; exit 1; }

# A unix socket's path is at most 107 bytes; containerd makes the longest one below the exec root.
short_state_dir() {
    local longest=$RUN/engine/containerd/containerd-debug.sock.ttrpc
    if [ "${#longest}" -le 107 ]; then echo "$RUN/engine"; else echo "/run/eulermaker-$TREE_HASH"; fi
}
STATE=$(short_state_dir)
readonly STATE SOCKET=$STATE/docker.sock

answers() { DOCKER_HOST=$1 "$PYTHON" scripts/engine_api.py ping 2>/dev/null; }

process_uses() { # PID WORD: does the process's command line hold WORD?
    [ -r "/proc/$1/cmdline" ] && tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null | grep -qF -- "$2"
}

own_engine_pid() {
    local pid
    pid=$(cat "$PID_FILE" 2>/dev/null) || return 1
    process_uses "$pid" "$PID_FILE" && echo "$pid"
}

processes_with() { # WORD: the processes whose command line holds WORD
    local dir
    for dir in /proc/[0-9]*; do
        if process_uses "${dir#/proc/}" "$1"; then echo "${dir#/proc/}"; fi
    done
}

wait_until() { # SECONDS COMMAND...
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.2
    done
}

containerd_gone() { [ -z "$(processes_with "$STATE/containerd/containerd.toml")" ]; }
engine_gone() { ! own_engine_pid >/dev/null; }

end_process() { # PID GONE: ask, wait until the command GONE succeeds, then insist
    kill "$1" 2>/dev/null || true
    wait_until "$STOP_SECONDS" "$2" && return
    kill -KILL "$1" 2>/dev/null || true
    wait_until 5 "$2"
}

# A second containerd on the same state would fail; one that outlived its dockerd ends by itself or is asked to.
wait_for_old_containerd() {
    local pid
    for pid in $(processes_with "$STATE/containerd/containerd.toml"); do
        end_process "$pid" containerd_gone || fail "an old containerd (process $pid) on $STATE does not end"
    done
}

# A killed dockerd leaves mounts behind, its data directory's on itself among them.
unmount_leftovers() {
    local point
    awk -v data="$DATA" -v state="$STATE" '$2 == data || index($2, data "/") == 1 || index($2, state "/") == 1 { print $2 }' \
        /proc/mounts | tac | while read -r point; do umount "$point"; done
}

stop_engine() {
    local pid
    if pid=$(own_engine_pid); then
        say "stopping the Docker Engine started from here"
        end_process "$pid" engine_gone || fail "dockerd (process $pid) does not end"
    fi
    wait_for_old_containerd
    rm -f "$PID_FILE"
    unmount_leftovers
    rm -rf "$STATE"
    if ip link show "$BRIDGE" >/dev/null 2>&1; then ip link delete "$BRIDGE"; fi
}

install_engine() {
    local names=(docker.io iptables iproute2)
    [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null || true)" != Y ] || names+=(apparmor)
    grep -q ' cgroup2\? ' /proc/mounts || names+=(cgroupfs-mount)
    if command -v apt-get >/dev/null; then
        scripts/system_packages.sh "${names[@]}"
    else
        scripts/system_packages.sh --dnf "docker iptables iproute" docker.io
    fi
    grep -q ' cgroup2\? ' /proc/mounts || cgroupfs-mount
}

other_engine_runs() {
    local comm
    for comm in /proc/[0-9]*/comm; do
        if [ "$(cat "$comm" 2>/dev/null || true)" = dockerd ]; then return 0; fi
    done
    return 1
}

free_subnet() {
    local third
    for third in $(seq 200 250); do
        if ! ip -4 route show | grep -q "^10\.213\.$third\."; then echo "10.213.$third.1/24"; return; fi
    done
    fail "no free subnet for the bridge $BRIDGE"
}

# Two engines on one docker0 or on one subnet would hand out the same addresses. Runs in a subshell, whose
# end frees the lock: by then the bridge's subnet is in the routes.
bridge_options() {
    if ! ip link show "$BRIDGE" >/dev/null 2>&1; then
        other_engine_runs || return 0
        exec 8>"$BRIDGES_LOCK"
        flock 8
        ip link add "$BRIDGE" type bridge
        ip addr add "$(free_subnet)" dev "$BRIDGE"
    fi
    ip link set "$BRIDGE" up
    echo "--bridge=$BRIDGE"
}

came_up_or_died() { answers "unix://$SOCKET" || ! kill -0 "$1" 2>/dev/null; }

start_engine() {
    local bridge engine
    # dockerd would wait for a containerd that is recorded here, be it a zombie.
    rm -f "$PID_FILE" "$SOCKET" "$STATE/containerd/containerd.pid"
    mkdir -p "$DATA" "$STATE"
    bridge=$(bridge_options)
    say "starting dockerd with its data in $DATA"
    # BuildKit drops what a step prints beyond 2 MiB or 200 KiB/s, unless told otherwise: 2147483647 is the
    # largest number it takes, and -1 means nothing to the BuildKit of Engine 20.10.
    BUILDKIT_STEP_LOG_MAX_SIZE=${BUILDKIT_STEP_LOG_MAX_SIZE:-2147483647} \
        BUILDKIT_STEP_LOG_MAX_SPEED=${BUILDKIT_STEP_LOG_MAX_SPEED:-2147483647} \
        setsid dockerd --data-root "$DATA" --exec-root "$STATE" --pidfile "$PID_FILE" --host "unix://$SOCKET" \
        ${bridge:+"$bridge"} </dev/null >>"$LOG" 2>&1 9>&- &
    engine=$!
    wait_until "$START_SECONDS" came_up_or_died "$engine" || true
    if ! answers "unix://$SOCKET"; then
        kill "$engine" 2>/dev/null || true
        fail "dockerd did not start: $(grep -aE 'level=(error|fatal)|failed' "$LOG" | tail -n 1) (log: $LOG)"
    fi
}

find_engine() {
    local host
    for host in "${DOCKER_HOST:-}" "unix://$LOCAL_SOCKET" "unix://$SOCKET"; do
        if [ -n "$host" ] && answers "$host"; then echo "$host"; return; fi
        [ -z "${DOCKER_HOST:-}" ] || [ "$host" != "$DOCKER_HOST" ] || say "no Docker Engine answers at $host"
    done
    return 1
}

can_start_engine() {
    [ "$(id -u)" = 0 ] && { command -v dockerd || command -v apt-get || command -v dnf; } >/dev/null
}

ensure_engine() {
    find_engine && return
    can_start_engine ||
        fail "no Docker Engine answers: start one, set DOCKER_HOST to one, or run this as root to have one installed"
    install_engine
    if own_engine_pid >/dev/null; then
        say "an engine started from here is running but silent; restarting it"
        stop_engine
    fi
    wait_for_old_containerd
    start_engine
    echo "unix://$SOCKET"
}

main() {
    mkdir -p "$RUN"
    exec 9>"$RUN/engine.lock"
    flock 9
    case "${1:-start}" in
        start) ensure_engine ;;
        stop) stop_engine ;;
        owned) own_engine_pid >/dev/null ;;
        *) fail "usage: engine.sh [start|stop|owned]" ;;
    esac
}

main "$@"
