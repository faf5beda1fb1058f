#!/bin/sh
# The test command: installs what is missing, builds, and runs every test. Takes thirteen to fifteen
# minutes on two cores. The last line is the sum: N passed, N failed. Logs are kept in build/check/.
#   FUZZ_SECONDS=N   seconds for each fuzz target (default 4)
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/packages.sh
FUZZ_SECONDS=${FUZZ_SECONDS:-4}
export FUZZ_SECONDS

# shellcheck disable=SC2086
need_packages $BUILD_PACKAGES $DEMO_PACKAGES $TEST_PACKAGES || {
    echo "0 passed, 1 failed"
    exit 1
}
rm -rf build/check
mkdir -p build/check
passed=0
failed=0

# step NAME COMMAND...: runs a part; its TAP lines are its tests, and none at all is a failure.
step() {
    name=$1
    shift
    log="build/check/$name.log"
    begin=$(date +%s)
    "$@" >"$log" 2>&1 </dev/null
    status=$?
    ok=$(grep -c '^ok' "$log")
    bad=$(grep -c '^not ok' "$log")
    if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$ok" -eq 0 ]; }; then
        bad=1
    fi
    passed=$((passed + ok))
    failed=$((failed + bad))
    printf '%-12s %4d passed, %d failed  (%d s)\n' "$name" "$ok" "$bad" $(($(date +%s) - begin))
    if [ "$bad" -ne 0 ]; then
        grep -A 40 '^not ok' "$log" | head -n 120
        grep -q '^not ok' "$log" || tail -n 60 "$log"
    fi
}

# whole NAME COMMAND...: runs a part without TAP lines, which is one test.
whole() { step "$1" as_one "$@"; }
as_one() {
    title=$1
    shift
    "$@" && echo "ok - $title"
}

# Sanitizers: the same tests on instrumented programs. Leaks count; nDPI keeps a few tables of its
# own for the life of the process, which is why its frames are suppressed.
sanitized() { # sanitized NAME FLAGS UNIT-TARGET
    make -s -j2 BUILD="build/$1" SAN="$2" OPT='-O1 -g1' all "$3" || return 1
    python3 tests/golden/golden.py --binary "build/$1/minecanary" --quick
}

# What waits more than it computes: servers, interfaces, time-outs. Runs beside the rest.
outside() {
    passed=0
    failed=0
    step scenario python3 tests/redis/scenario.py --binary build/minecanary
    step bridges python3 tests/redis/bridges.py --binary build/minecanary
    step readers python3 tests/redis/readers.py --binary build/minecanary
    step access python3 tests/redis/access.py --binary build/minecanary
    step questions python3 tests/redis/questions.py --check --binary build/minecanary
    step health python3 tests/redis/health.py --binary build/minecanary
    step campaign python3 tests/redis/campaign.py --binary build/minecanary
    step cluster python3 tests/redis/cluster.py --binary build/minecanary
    step batches python3 tests/redis/batches.py --binary build/minecanary
    step journal python3 tests/redis/journal.py --binary build/minecanary
    step identity python3 tests/redis/identity.py --binary build/minecanary
    step trail python3 tests/trail/trail.py --sensor build/minecanary \
        --binary build/minecanary-trail
    step transport python3 tests/redis/transport.py --binary build/minecanary \
        --trail build/minecanary-trail
    step faults python3 tests/redis/faults.py --check --binary build/minecanary
    step redis sh tests/redis/run.sh
    step live sh tests/live/run.sh
    echo "$passed $failed" >build/check/outside.sum
}

# -B: what was built before without -Werror is no proof.
whole build make -B -j2 CFLAGS=-Werror all unit-build bench-build
step unit make -s CFLAGS=-Werror unit
outside >build/check/outside.out 2>&1 &
beside=$!
# Function by function: the analyzer follows calls in `make lint`, which takes ten times as long.
step lint env LINT_DEPTH=shallow sh scripts/lint.sh
whole captures python3 scripts/make_captures.py --check
whole cloudtrail python3 scripts/coin_shadow_trail.py --check
step golden python3 tests/golden/golden.py --binary build/minecanary
step differ python3 tests/differential/differential.py --binary build/minecanary --seed 1
step fields python3 tests/differential/fields.py --check --binary build/minecanary
step printed sh tests/unit/printed.sh build/minecanary
whole bench env BENCH_SCALE=1 BENCH_ROUNDS=1 \
    "BENCH_PARTS=speed detections limits names units" make -s bench
step asan sanitized asan address,undefined unit
# Another seed: of records and feeds it renders the dialects in full that the one above does not.
step asan-differ python3 tests/differential/differential.py --binary build/asan/minecanary \
    --seed 2 --sample 1
step tsan sanitized tsan thread unit-threads
whole fuzz-build make -j2 fuzz-build
step fuzz make -s fuzz
wait "$beside"
cat build/check/outside.out
if read -r more worse <build/check/outside.sum; then
    passed=$((passed + more))
    failed=$((failed + worse))
else
    failed=$((failed + 1))
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
