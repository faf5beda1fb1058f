#!/bin/sh
# Runs the unit tests that need a Redis against one server on a private unix socket, and stops it.
# BUILD names the build directory (default build); its unit tests must have been built.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
work=$(mktemp -d) || exit 1
pid=

stop() {
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    fi
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 1' INT TERM

command -v redis-server >/dev/null || {
    echo "not ok - redis-server is not installed"
    exit 1
}
REDIS_SOCKET=$work/socket
export REDIS_SOCKET
redis-server --port 0 --unixsocket "$REDIS_SOCKET" --dir "$work" --save '' --appendonly no \
    >"$work/log" 2>&1 &
pid=$!
tries=0
until redis-cli -s "$REDIS_SOCKET" ping >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "$pid" 2>/dev/null; then
        echo "not ok - redis-server did not start"
        sed 's/^/# /' "$work/log"
        exit 1
    fi
    sleep 0.1
done
sh tests/unit/run.sh "$build/unit/test_redis_conn" "$build/unit/test_redis_bridge" \
    "$build/unit/test_sink_redis" "$build/unit/test_sink_redis_campaign" \
    "$build/unit/test_sink_redis_queue" "$build/unit/test_redis_spool" "$build/unit/test_redis_cut"
