#!/bin/sh
# Live capture on a pair of virtual interfaces, several workers on one, elephants that stay in the
# kernel, connections through a NAT, and the journal of a sensor that drops privileges, each in a
# network namespace of its own. Needs root.
# usage: run.sh [BINARY]
set -u
cd "$(dirname "$0")/../.." || exit 1
binary=${1:-build/minecanary}

if [ "$(id -u)" -ne 0 ]; then
    echo "not ok - live: needs root for a network namespace"
    exit 1
fi
if ! error=$(unshare --net true 2>&1); then
    echo "not ok - live: network namespaces are not permitted here"
    echo "# $error"
    exit 1
fi
# The namespaces have no name: they go with their last process.
failed=0
unshare --net python3 tests/live/live.py --binary "$binary" || failed=1
unshare --net python3 tests/live/workers.py --binary "$binary" || failed=1
unshare --net python3 tests/live/shunt.py --binary "$binary" || failed=1
unshare --net python3 tests/live/nat.py --binary "$binary" || failed=1
unshare --net python3 tests/live/journal.py --binary "$binary" || failed=1
exit $failed
