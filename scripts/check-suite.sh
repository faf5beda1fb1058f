#!/bin/sh
# Runs the test command, or another one, on a fresh Debian of another release, in a folder of its
# own: build/SUITE/. As root; needs debootstrap and two gigabytes.
# usage: check-suite.sh SUITE [COMMAND...]      check-suite.sh trixie make unit
set -eu
cd "$(dirname "$0")/.."
if [ $# -eq 0 ]; then
    echo "usage: check-suite.sh SUITE [COMMAND...]" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
    echo "check-suite.sh: this needs root and the package debootstrap" >&2
    exit 1
fi
suite=$1
shift
[ $# -gt 0 ] || set -- sh scripts/check.sh
root=$PWD/build/$suite
mkdir -p build

# Anew unless it came to its end last time.
if [ ! -e "$root.made" ]; then
    rm -rf "$root"
    debootstrap --variant=minbase "$suite" "$root" >"$root.log" 2>&1 || {
        tail -n 5 "$root.log" >&2
        exit 1
    }
    touch "$root.made"
fi

# The tree as it stands, without what was built from it.
rm -rf "$root/minecanary"
mkdir "$root/minecanary"
tar -c --exclude=./build --exclude=./.git . | tar -x --no-same-owner -C "$root/minecanary"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"

# Mounts and processes of a name space end with it, whatever ends this script.
# shellcheck disable=SC2016 # the inner shell expands
exec unshare --mount --pid --fork --kill-child sh -euc '
    root=$1
    shift
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    mount -t tmpfs tmpfs "$root/run"
    exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        sh -euc "cd /minecanary; exec \"\$@\"" sh "$@"
' sh "$root" "$@"
