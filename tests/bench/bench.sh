#!/bin/sh
# bench.sh: CPU per packet of the sensor beside a bare libpcap loop and the ideal meter.
#
#   BUILD=build sh tests/bench/bench.sh
#
# BENCH_PACKETS   packets of the small shape (default 2000000; imix and dns have half as many)
# BENCH_ROUNDS    alternating rounds (default 5)
# BENCH_DIR       where captures are written (default: a temporary directory, removed at the end)
#
# Nothing here fails because of speed: figures depend on the machine, ratios less so.
set -eu

BUILD=${BUILD:-build}
BENCH_PACKETS=${BENCH_PACKETS:-2000000}
BENCH_ROUNDS=${BENCH_ROUNDS:-5}
here=$(dirname "$0")

for program in floor meter traffic table messages lists; do
	if [ ! -x "$BUILD/bench/$program" ]; then
		${MAKE:-make} BUILD="$BUILD" bench-build
		break
	fi
done

if [ -n "${BENCH_DIR:-}" ]; then
	dir=$BENCH_DIR
	mkdir -p "$dir"
else
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
fi

flows_small=$((BENCH_PACKETS / 20))
flows_imix=$((BENCH_PACKETS / 100))
"$BUILD/bench/traffic" small "$BENCH_PACKETS" "$flows_small" "$dir/small.pcap"
"$BUILD/bench/traffic" imix "$((BENCH_PACKETS / 2))" "$flows_imix" "$dir/imix.pcap"
"$BUILD/bench/traffic" dns "$((BENCH_PACKETS / 2))" "$((BENCH_PACKETS / 100))" "$dir/dns.pcap"

python3 "$here/measure.py" --build "$BUILD" --rounds "$BENCH_ROUNDS" \
	"small:$dir/small.pcap:$flows_small" "imix:$dir/imix.pcap:$flows_imix" \
	"dns:$dir/dns.pcap:$((BENCH_PACKETS / 6))"

echo
python3 "$here/names.py" --build "$BUILD" --rounds "$BENCH_ROUNDS" "$dir/dns.pcap" 1000 1000000

echo
echo "flow table alone:"
"$BUILD/bench/table" 10000 100000 1000000

echo
echo "decoding alone, payload to session:"
"$BUILD/bench/messages" "$BENCH_ROUNDS"

echo
echo "lists: seconds to load, bytes an entry with its text, ns of a look-up:"
"$BUILD/bench/lists" 1000 1000000

echo
"$BUILD/bench/traffic" small "$((BENCH_PACKETS / 4))" "$((BENCH_PACKETS * 2))" "$dir/many.pcap"
python3 "$here/delivery.py" --build "$BUILD" --rounds "$BENCH_ROUNDS" "$dir/many.pcap"
