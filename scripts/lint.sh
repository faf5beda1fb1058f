#!/bin/sh
# Every check that reads the code without running it. Prints TAP lines; exit 1 when one fails.
# clang-format, clang-tidy and cppcheck judge differently from version to version: the house's are
# those of Debian 12; elsewhere these are skipped, and say so.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
failed=0
mkdir -p "$BUILD/lint"

# judge NAME LOG STATUS
judge() {
    if [ "$3" -eq 0 ]; then
        echo "ok - $1"
    else
        echo "not ok - $1"
        tail -n 60 "$2" | sed 's/^/# /'
        failed=1
    fi
}

# is_ours TOOL VERSION: whether it is there in the house's version. One that is missing is a failure.
is_ours() {
    if ! command -v "$1" >/dev/null; then
        echo "not ok - $1 is not installed"
        failed=1
        return 1
    fi
    version=$("$1" --version | sed -n 's/^[^0-9]*\([0-9.]*[0-9]\).*/\1/p' | head -n 1)
    case $version. in "$2".*) return 0 ;; esac
    echo "# skipped: $1 is version $version, not $2"
    return 1
}

sh scripts/check-includes.sh || failed=1

# LINT_DEPTH=shallow: the analyzer looks at each function by itself.
depth=""
[ "${LINT_DEPTH:-deep}" = deep ] || depth="-Xclang -analyzer-config -Xclang mode=shallow"
code=$(find protocols sensor tests -name '*.[ch]')
sources=$(find protocols sensor -name '*.c')
flags="-std=gnu11 -I. -D_GNU_SOURCE -DMINECANARY_VERSION=\"lint\" $(pkg-config --cflags \
    libpcap libndpi hiredis yaml-0.1 libcap-ng jansson libmicrohttpd | sed 's/-I/-isystem /g') $depth"

# Word splitting of the lists is meant here and below.
# shellcheck disable=SC2086
if is_ours clang-format 14; then
    clang-format --dry-run -Werror $code >"$BUILD/lint/format.log" 2>&1
    judge "clang-format" "$BUILD/lint/format.log" $?
fi

# shellcheck disable=SC2086
if is_ours cppcheck 2.10; then
    cppcheck --quiet --enable=warning,portability --error-exitcode=1 --inline-suppr --std=c11 \
        --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches -I. -D_GNU_SOURCE \
        -DMINECANARY_VERSION='"lint"' -j 2 $sources >"$BUILD/lint/cppcheck.log" 2>&1
    judge "cppcheck" "$BUILD/lint/cppcheck.log" $?
fi

# shellcheck disable=SC2086
if is_ours clang-tidy 14; then
    printf '%s\n' $sources | xargs -P 2 -n 1 sh scripts/tidy.sh "$flags" >"$BUILD/lint/tidy.log" 2>&1
    judge "clang-tidy" "$BUILD/lint/tidy.log" $?
fi

# shellcheck disable=SC2046
shellcheck .ci/run $(find scripts tests -name '*.sh') >"$BUILD/lint/shellcheck.log" 2>&1
judge "shellcheck" "$BUILD/lint/shellcheck.log" $?

python3 -m compileall -q scripts tests >"$BUILD/lint/python.log" 2>&1
judge "python compiles" "$BUILD/lint/python.log" $?
find scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +

exit "$failed"
