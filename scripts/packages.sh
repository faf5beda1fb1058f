# packages.sh: what Debian packages building and testing need, and how to get them. Sourced.
# shellcheck shell=sh disable=SC2034

BUILD_PACKAGES="gcc libc6-dev make pkg-config libpcap-dev libndpi-dev libhiredis-dev libyaml-dev
    libssl-dev libcap-ng-dev libjsmn-dev"
DEMO_PACKAGES="redis-server python3"
TEST_PACKAGES="libcmocka-dev clang libclang-rt-dev clang-format clang-tidy cppcheck shellcheck
    python3-jsonschema iproute2 tcpreplay"

# need_packages NAME...: installs those that are missing. Needs root only when some are.
need_packages() {
    missing=""
    for package in "$@"; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing="$missing $package"
    done
    [ -z "$missing" ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "missing packages:$missing" >&2
        echo "run this script as root once, or: apt-get install$missing" >&2
        return 1
    fi
    echo "installing:$missing"
    # redis-server is wanted as a program: its service must not start on this machine.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        made_policy=1
    else
        made_policy=0
    fi
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    { apt-get -qq update && apt-get -qq -y --no-install-recommends install $missing; } \
        >/tmp/minecanary-packages.$$ 2>&1
    status=$?
    [ "$made_policy" -eq 1 ] && rm -f "$policy"
    [ "$status" -eq 0 ] || tail -n 30 "/tmp/minecanary-packages.$$" >&2
    rm -f "/tmp/minecanary-packages.$$"
    return "$status"
}
