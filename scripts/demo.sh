#!/bin/sh
# Shows the whole way once, on a machine with nothing but a root shell: installs what is missing,
# builds, starts a private Redis on a unix socket, replays the scenario into it, reads back from
# Redis who mined for whom, and joins that with what the cloud recorded: whose key it was, what else
# it did, and what that costs. Stops what it started and leaves no data behind.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

# shellcheck disable=SC2086
need_packages $BUILD_PACKAGES $DEMO_PACKAGES
make -s -j"$(nproc)" all

work=$(mktemp -d)
redis_pid=""
stop() {
    [ -z "$redis_pid" ] || kill "$redis_pid" 2>/dev/null || true
    [ -z "$redis_pid" ] || wait "$redis_pid" 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

socket="$work/redis.sock"
redis-server --port 0 --unixsocket "$socket" --dir "$work" --save '' --appendonly no \
    --daemonize no >"$work/redis.log" 2>&1 &
redis_pid=$!
tries=0
until redis-cli -s "$socket" ping >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 50 ] || ! kill -0 "$redis_pid" 2>/dev/null; then
        echo "the private Redis did not start:" >&2
        tail -n 20 "$work/redis.log" >&2
        exit 1
    fi
    sleep 0.1
done

echo
echo "Replaying pcaps/coin-shadow/inside.pcap: 40 minutes of a mirrored VPC, 2026-03-05."
build/minecanary -c tests/golden/config/coin-shadow.yaml \
    -r pcaps/coin-shadow/inside.pcap --sensor-id demo --redis "unix://$socket"

echo "Read back from Redis:"
echo
python3 scripts/who_mines.py "$socket" demo

cloud=pcaps/coin-shadow/cloudtrail
echo
echo "Joining it with the cloud's side in $cloud: CloudTrail, flow logs, findings."
build/minecanary-trail --redis "unix://$socket" --id demo --lists tests/golden/config/pools.list \
    --flowlogs "$cloud/AWSLogs/111122223333/vpcflowlogs" "$cloud/AWSLogs" "$cloud/findings"

echo
echo "The incident, as Redis has it:"
echo
build/minecanary-trail report --redis "unix://$socket" --published 347
