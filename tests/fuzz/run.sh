#!/bin/sh
# Runs fuzz targets for FUZZ_SECONDS each (default 20), two at a time: first every kept crash and
# seed, then new inputs. A crash is written to tests/fuzz/crashes/TARGET/ and stays there as a test.
# usage: run.sh PROGRAM...
set -u
[ $# -gt 0 ] || { echo "not ok - no fuzz target was built"; exit 1; }
here=$(dirname "$0")
if [ "$1" != "--one" ]; then
    printf '%s\n' "$@" | xargs -P 2 -n 1 sh "$0" --one
    exit
fi
program=$2
seconds=${FUZZ_SECONDS:-20}
failed=0
name=$(basename "$program")
target=${name#fuzz_}
target=${target#dialect_}
target=${target#carrier_}
work=$(mktemp -d)
crashes="$here/crashes/$target"
mkdir -p "$crashes" "$here/seeds/$target"
log="$program.log"
if timeout $((seconds + 120)) "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -max_len=8192 -artifact_prefix="$crashes/" "$work" "$here/seeds/$target" "$crashes" \
    >"$log" 2>&1; then
    echo "ok - fuzz $target: $(sed -n 's/^Done \([0-9]* runs\).*/\1/p' "$log")"
else
    { echo "not ok - fuzz $target"; sed 's/^/# /' "$log" | tail -n 40; } >"$log.tap"
    cat "$log.tap"
    failed=1
fi
rm -rf "$work"
rmdir "$crashes" 2>/dev/null
exit "$failed"
