#!/bin/sh
# bench.sh: what the sensor costs beside the three anchors and its peers, what it finds meanwhile,
# and what grows.
#
#   BUILD=build sh tests/bench/bench.sh
#
# BENCH_SCALE     percent of the full size (default 10; 100: 10 M packets, 2,000 miners, 1 M flows)
# BENCH_ROUNDS    alternating rounds (default 3)
# BENCH_PARTS     of: speed peers detections limits names units delivery (default: all)
# BENCH_DIR       where captures are written and kept (default: a temporary directory)
#
# Nothing here fails because of speed: figures depend on the machine, ratios less so. A session that
# is not found, something else that is flagged, and a program of ours that fails, do.
set -eu

BUILD=${BUILD:-build}
BENCH_SCALE=${BENCH_SCALE:-10}
BENCH_ROUNDS=${BENCH_ROUNDS:-3}
BENCH_PARTS=${BENCH_PARTS:-speed peers detections limits names units delivery}
here=$(dirname "$0")

for name in $BENCH_PARTS; do
	case $name in
	speed | peers | detections | limits | names | units | delivery) ;;
	*)
		echo "bench.sh: there is no part $name" >&2
		exit 1
		;;
	esac
done
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

# part NAME TITLE: is it asked for?
part() {
	case " $BENCH_PARTS " in
	*" $1 "*) printf '\n== %s\n' "$2" ;;
	*) return 1 ;;
	esac
}

packets=$((100000 * BENCH_SCALE))
flows_small=$((10000 * BENCH_SCALE))
flows_imix=$((1000 * BENCH_SCALE))
sessions=$((20 * BENCH_SCALE))
flows_web=$((10000 * BENCH_SCALE))
rounds_mix=$((22 * BENCH_SCALE / 10))
flows_mix=$((620 * rounds_mix))
clients_dns=$((packets / 50))
flows_dns=$((packets / 3))
[ "$rounds_mix" -gt 0 ] || rounds_mix=1

# traffic NAME SIZE SIZE [CAPTURE...]: NAME.pcap unless it is there, and NAME.truth.
traffic() {
	name=$1
	[ -s "$dir/$name.truth" ] && [ "$(head -n 1 "$dir/$name.truth")" = "$1 $2 $3" ] && return
	first=$2
	second=$3
	shift 3
	"$BUILD/bench/traffic" "$name" "$first" "$second" "$dir/$name.pcap" "$@" \
		2>"$dir/$name.said"
	{
		echo "$name $first $second"
		cat "$dir/$name.said"
	} >"$dir/$name.truth"
}

captures=$(find "$here/../../pcaps" -name '*.pcap' | LC_ALL=C sort)
traffic small "$packets" "$flows_small"
traffic imix "$packets" "$flows_imix"
traffic miners "$sessions" "$flows_web"
traffic dns "$packets" "$clients_dns"
# Word splitting is meant: one argument a capture.
# shellcheck disable=SC2086
traffic mix "$rounds_mix" 10 $captures

shapes="mix:$dir/mix.pcap:$flows_mix imix:$dir/imix.pcap:$flows_imix
	small:$dir/small.pcap:$flows_small miners:$dir/miners.pcap:$((sessions + flows_web))"
failed=0

# shellcheck disable=SC2086
if part speed "CPU by program and thread"; then
	python3 "$here/measure.py" --build "$BUILD" --rounds "$BENCH_ROUNDS" $shapes \
		"dns:$dir/dns.pcap:$flows_dns"
fi

# shellcheck disable=SC2086
if part peers "peers"; then
	python3 "$here/peers.py" --build "$BUILD" $shapes
fi

if part detections "what is found in miners"; then
	shares=$(sed -n 's/.* sessions, \([0-9]*\) shares/\1/p' "$dir/miners.truth")
	python3 "$here/detections.py" --build "$BUILD" --capture "$dir/miners.pcap" \
		"$sessions" "$shares" || failed=1
fi

# shellcheck disable=SC2086
if part limits "what grows"; then
	echo "memory of live flows:"
	python3 "$here/limits.py" --build "$BUILD" memory "$flows_small"
	echo "a flood of flows of one packet around mining sessions:"
	python3 "$here/limits.py" --build "$BUILD" flood "$((2 * packets))" 200
	echo "cost by number of flows:"
	counts="1000 10000"
	[ "$BENCH_SCALE" -lt 10 ] || counts="10000 100000"
	[ "$BENCH_SCALE" -lt 50 ] || counts="$counts 1000000"
	[ "$BENCH_SCALE" -lt 100 ] || counts="$counts 10000000"
	python3 "$here/limits.py" --build "$BUILD" --rounds "$BENCH_ROUNDS" curve $counts
	echo "two workers:"
	counting=
	[ "$BENCH_SCALE" -lt 10 ] || counting=--instructions
	python3 "$here/limits.py" --build "$BUILD" --rounds "$BENCH_ROUNDS" $counting workers \
		$shapes
fi

if part names "names"; then
	python3 "$here/names.py" --build "$BUILD" --rounds "$BENCH_ROUNDS" "$dir/dns.pcap" \
		1000 1000000
fi

if part units "parts alone"; then
	echo "flow table:"
	"$BUILD/bench/table" 10000 100000 1000000
	echo
	echo "decoding, payload to session:"
	"$BUILD/bench/messages" "$BENCH_ROUNDS"
	echo
	echo "lists: seconds to load, bytes an entry with its text, ns of a look-up:"
	"$BUILD/bench/lists" 1000 1000000
fi

if part delivery "delivery into Redis"; then
	"$BUILD/bench/traffic" small "$((packets / 2))" "$((packets * 4))" "$dir/many.pcap"
	python3 "$here/delivery.py" --build "$BUILD" --rounds "$BENCH_ROUNDS" "$dir/many.pcap"
fi

exit "$failed"
