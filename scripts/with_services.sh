#!/usr/bin/env bash
# Run a command beside a PostgreSQL and a Redis of its own: with_services.sh COMMAND ARGUMENT...
# It finds them in EULERMAKER_TEST_POSTGRES_URL and EULERMAKER_TEST_REDIS_URL; both end with it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly START_SECONDS=60
# Outside the tree, which PostgreSQL's user may not be able to enter; also short, for its socket.
WORK=$(mktemp -d /tmp/eulermaker-services.XXXXXX)
readonly WORK
postgres_started="" redis_pid=""

fail() { echo "error: $*" >&2; exit 1; }

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

postgres_bin() {
    local directory
    directory=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
    echo "${directory:-/usr/bin}"
}

start_postgres() {
    local bin port directory=$WORK/postgres
    bin=$(postgres_bin)
    port=$(free_port)
    chmod 755 "$WORK"
    mkdir "$directory"
    if [ "$(id -u)" = 0 ]; then chown postgres: "$directory"; fi
    (
        cd "$directory"
        as_postgres "$bin/initdb" -D "$directory/data" -U eulermaker -A trust -E UTF8 --locale=C.UTF-8 --no-sync
        as_postgres "$bin/pg_ctl" -D "$directory/data" -l "$directory/log" -w -t "$START_SECONDS" start \
            -o "-p $port -h 127.0.0.1 -k $directory -c fsync=off -c max_connections=400"
        as_postgres "$bin/createdb" -h 127.0.0.1 -p "$port" -U eulermaker eulermaker
    ) >"$WORK/postgres.out" 2>&1 9>&- || fail "PostgreSQL did not start: $(tail -n 3 "$WORK/postgres.out")"
    postgres_started=$bin
    export EULERMAKER_TEST_POSTGRES_URL=postgresql+asyncpg://eulermaker@127.0.0.1:$port/eulermaker
}

start_redis() {
    local port deadline=$((SECONDS + START_SECONDS))
    port=$(free_port)
    redis-server --port "$port" --bind 127.0.0.1 --dir "$WORK" --save "" --appendonly no >"$WORK/redis.out" 2>&1 &
    redis_pid=$!
    until redis-cli -h 127.0.0.1 -p "$port" ping >/dev/null 2>&1; do
        kill -0 "$redis_pid" 2>/dev/null && [ "$SECONDS" -lt "$deadline" ] ||
            fail "Redis did not start: $(tail -n 3 "$WORK/redis.out")"
        sleep 0.1
    done
    export EULERMAKER_TEST_REDIS_URL=redis://127.0.0.1:$port/0
}

stop_services() {
    if [ -n "$redis_pid" ]; then kill "$redis_pid" 2>/dev/null || true; fi
    if [ -n "$postgres_started" ]; then
        (cd / && as_postgres "$postgres_started/pg_ctl" -D "$WORK/postgres/data" -m immediate -w stop) >/dev/null 2>&1 || true
    fi
    rm -rf "$WORK"
}

main() {
    trap stop_services EXIT
    scripts/system_packages.sh --dnf "postgresql-server redis" postgresql redis-server
    start_postgres
    start_redis
    "$@"
}

main "$@"
