# packages.sh: what Debian packages building and testing need, and how to get them. Sourced.
# shellcheck shell=sh disable=SC2034

BUILD_PACKAGES="gcc libc6-dev make pkg-config libpcap-dev libndpi-dev libhiredis-dev libyaml-dev
    libssl-dev libcap-ng-dev zlib1g-dev
    libjansson-dev libmicrohttpd-dev"
DEMO_PACKAGES="redis-server python3"
TEST_PACKAGES="libcmocka-dev libjsmn-dev clang libclang-rt-dev clang-format clang-tidy cppcheck shellcheck
    python3-jsonschema iproute2 nftables openssl"

# install_packages NAME...: in a process of its own, which tidies up however it ends. redis-server
# is wanted as a program only: its service must start neither now nor with the next boot.
install_packages() (
    policy=/usr/sbin/policy-rc.d
    mark="# minecanary: no service starts while packages are installed"
    log=$(mktemp) || exit 1
    # shellcheck disable=SC2317 # the traps call it
    tidy_up() {
        ! grep -qsxF "$mark" "$policy" || rm -f "$policy"
        case " $* " in
        *" redis-server "*) update-rc.d redis-server disable >/dev/null 2>&1 || true ;;
        esac
        rm -f "$log"
    }
    trap 'tidy_up "$@"' EXIT
    trap 'exit 130' INT TERM HUP
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy" && chmod 755 "$policy" || exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    # Lists that cannot be renewed may still do: whether they did is seen when installing.
    apt-get -q update >"$log" 2>&1 </dev/null || true
    apt-get -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends install "$@" \
        >>"$log" 2>&1 </dev/null && exit 0
    echo "apt-get could not install them:" >&2
    grep -E '^([EW]|dpkg): ' "$log" | head -n 16 >&2
    exit 1
)

# need_packages NAME...: installs those that are missing. Needs root only when some are.
need_packages() {
    missing=""
    for package in "$@"; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing="$missing $package"
    done
    [ -z "$missing" ] && return 0
    if ! command -v apt-get >/dev/null; then
        echo "this needs Debian 12 or 13, or there is no telling whether these are installed:" >&2
        echo "$missing" >&2
        return 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        echo "missing packages:$missing" >&2
        echo "run this script once as root, or, as root:" >&2
        echo "apt-get install --no-install-recommends$missing" >&2
        return 1
    fi
    echo "installing:$missing"
    # shellcheck disable=SC2086
    install_packages $missing
}
