#!/bin/sh
# clang-tidy over some files with one string of compiler flags. usage: tidy.sh FLAGS FILE...
flags=$1
shift
# Word splitting of the flags is meant.
# shellcheck disable=SC2086
exec clang-tidy --quiet "$@" -- $flags
