#!/bin/sh
# Runs unit-test programs, each in its own process with a time-out, and prints TAP lines.
# usage: run.sh PROGRAM...
set -u
[ $# -gt 0 ] || { echo "not ok - no unit test was built"; exit 1; }
failed=0
for program in "$@"; do
    name=$(basename "$program")
    log="$program.log"
    if CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$program" >"$log" 2>&1; then
        status=0
    else
        status=$?
    fi
    # cmocka numbers its lines: put the program's name there instead.
    sed -n "s/^\(\(not \)\{0,1\}ok\) [0-9]* - /\1 - $name: /p" "$log"
    if [ "$status" -ne 0 ]; then
        failed=1
        grep -q '^not ok [0-9]* - ' "$log" || echo "not ok - $name: exit status $status"
        sed 's/^/# /' "$log" | tail -n 40
    elif ! grep -q '^ok' "$log"; then
        failed=1
        echo "not ok - $name: ran no test"
    fi
    sed -n "s/^not ok [0-9]* # SKIP/# $name: not run here:/p" "$log"
done
exit "$failed"
