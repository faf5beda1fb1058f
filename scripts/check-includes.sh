#!/bin/sh
# Proves the directions of the house: who may include what, and what must never appear where.
# Prints TAP lines; exit 1 when one fails.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0

# rule NAME OFFENDERS: passes when the second argument is empty.
rule() {
    if [ -z "$2" ]; then
        echo "ok - $1"
    else
        echo "not ok - $1"
        printf '%s\n' "$2" | sed 's/^/# /'
        failed=1
    fi
}

includes() { # includes PATTERN FILE...: lines that include a matching header
    pattern=$1
    shift
    grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($pattern)" "$@" /dev/null
}

proto=$(find protocols -name '*.[ch]')
sensor=$(find sensor -name '*.[ch]')
tests=$(find tests -name '*.[ch]' -o -name '*.py' -o -name '*.sh')
# Word splitting of the lists is meant: file names of the house have no blanks.
# shellcheck disable=SC2086
{
    rule "protocols/ never includes sensor/" "$(includes 'sensor/' $proto)"
    rule "protocols/ includes no library" \
        "$(includes '(pcap|ndpi|hiredis|yaml|openssl|zlib|jansson|jsmn|microhttpd|cap-ng|uthash|pthread|sys/)' $proto)"
    rule "pcap only in sensor/capture.c" \
        "$(includes 'pcap' $sensor | grep -v '^sensor/capture\.c:')"
    rule "nDPI only in sensor/classify.c" \
        "$(includes 'ndpi' $sensor | grep -v '^sensor/classify\.c:')"
    rule "hiredis only in redis_*.c" \
        "$(includes 'hiredis' $sensor | grep -vE '^sensor/(trail/)?redis_[a-z_]*\.c:')"
    rule "zlib only in sensor/inflate.c and sensor/trail/" \
        "$(includes 'zlib' $sensor | grep -vE '^sensor/(inflate\.c|trail/)')"
    rule "libmicrohttpd only in sensor/metrics.c" \
        "$(includes 'microhttpd' $sensor | grep -v '^sensor/metrics\.c:')"
    rule "jansson only in sensor/inventory_*.c and sensor/trail/" \
        "$(includes 'jansson' $sensor | grep -vE '^sensor/(inventory_[a-z_]*\.c|trail/)')"
    rule "sensor/ never names a JSON-RPC method" \
        "$(grep -nE '"(mining\.|eth_|keepalived|getjob|getblocktemplate|submitblock|client\.)' $sensor)"
    # shellcheck disable=SC2013
    rule "sensor/ never names a dialect" \
        "$(for id in $(sed -n '/define DIALECTS(X)/,/^$/s/^[[:space:]]*X(\([a-z0-9_]*\)).*/\1/p' \
            protocols/dialect.h); do
            grep -nwE "$id|$(sed -n 's/.*\.name = "\([a-z0-9-]*\)".*/\1/p' "protocols/$id.c")" \
                $sensor
        done)"
    rule "no banned call" \
        "$(grep -nwE '(strcpy|strcat|sprintf|vsprintf|strtok|gets|scanf|sscanf|atoi|atol|alloca)[[:space:]]*\(' \
            $proto $sensor)"
    rule "each .c includes its own header first" \
        "$(find protocols sensor -name '*.c' | while read -r file; do
            header="${file%.c}.h"
            [ -f "$header" ] || continue
            first=$(sed -n 's/^#include[[:space:]]*//p' "$file" | head -n 1)
            [ "$first" = "\"$header\"" ] || echo "$file: first include is $first"
        done)"
    rule "no file above 700 lines" \
        "$(wc -l $proto $sensor $tests | awk '$2 != "total" && $1 > 700 { print $2 ": " $1 " lines" }')"
}
exit "$failed"
