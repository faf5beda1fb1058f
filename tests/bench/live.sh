#!/bin/sh
# live.sh: what live capture takes before something is dropped, with one and with two workers.
#
#   BUILD=build sh tests/bench/live.sh [OPTION OF THE SENSOR...]      as root
#
# Replays traffic onto a pair of virtual interfaces, in a network namespace of its own, at rising
# rates. LIVE_PACKETS   packets of each shape, sent again and again (default 400000)
#        LIVE_RATES     packets a second, 0: as fast as it goes
#        LIVE_WORKERS   numbers of workers (default "1 2")
#        LIVE_SECONDS   of each run (default 2)
#
# Nothing here fails because of speed.
set -eu

BUILD=${BUILD:-build}
LIVE_PACKETS=${LIVE_PACKETS:-400000}
here=$(dirname "$0")

if [ "$(id -u)" -ne 0 ]; then
	echo "live.sh: needs root for a network namespace" >&2
	exit 1
fi
for program in traffic replay; do
	[ -x "$BUILD/bench/$program" ] || ${MAKE:-make} BUILD="$BUILD" bench-build
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$BUILD/bench/traffic" small "$LIVE_PACKETS" "$((LIVE_PACKETS / 20))" "$dir/small.pcap"
"$BUILD/bench/traffic" imix "$LIVE_PACKETS" "$((LIVE_PACKETS / 50))" "$dir/imix.pcap"
unshare --net python3 "$here/live.py" --build "$BUILD" \
	--rates "${LIVE_RATES:-100000 200000 400000 800000 0}" \
	--workers "${LIVE_WORKERS:-1 2}" --seconds "${LIVE_SECONDS:-2}" \
	"small:$dir/small.pcap" "imix:$dir/imix.pcap" -- "$@"
