#!/bin/sh
# The committed sample configuration, manual page and completion are what the option table prints;
# the sample with every option switched on is a valid configuration.
# usage: printed.sh BINARY
set -u
binary=$1
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

same() { # same WHAT FILE
    "$binary" --print "$1" >"$work/$1"
    if diff -u "$2" "$work/$1" >"$work/diff"; then
        echo "ok - $2 is what --print $1 writes"
    else
        echo "not ok - $2 differs from --print $1"
        sed 's/^/# /' "$work/diff" | head -n 40
        failed=1
    fi
}

same conf scripts/install/minecanary.yaml
same man sensor/minecanary.8
same completion scripts/install/minecanary.bash

# Single-# lines of the form "#name: value" are options; empty values have no default to switch on.
sed -n 's/^#\([a-z][a-z0-9-]*: *[^ ].*\)$/\1/p; s/^#\(cloud:\)$/\1/p; s/^#\(  .*\)$/\1/p' \
    scripts/install/minecanary.yaml >"$work/all.yaml"
if [ -s "$work/all.yaml" ] && "$binary" -c "$work/all.yaml" --check-config >"$work/out" 2>&1; then
    echo "ok - the sample with all defaults is valid"
else
    echo "not ok - the sample with all defaults is valid"
    sed 's/^/# /' "$work/out"
    failed=1
fi
exit "$failed"
