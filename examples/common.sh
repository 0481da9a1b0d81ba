#!/usr/bin/env bash
# What the setup and cleanup scripts of jobs and blueprints share. They call the program `optio`, which reads
# OPTIO_API_URL and OPTIO_API_TOKEN by itself. Meant to be sourced.
set -euo pipefail

die() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

optio=${OPTIO:-optio}
command -v "$optio" >/dev/null || die "$optio is missing; say where it is: OPTIO=target/debug/optio $0"

# need NAME WHAT: ends the script where a variable is not set, and says what it is for.
need() {
    [[ -n ${!1:-} ]] || die "$1 is not set: $2"
}

# need_secret NAME WHO: the same for what a webhook's calls are signed with.
need_secret() {
    need "$1" "what $2 signs its calls with; make one: export $1=\$(openssl rand -hex 32)"
}

# remove KIND NAME: what is gone already is no error.
remove() {
    local code=0
    "$optio" "$1" rm "$2" 2>"$errors" || code=$?
    case $code in
        0) ;;
        4) printf '%s %s is not there\n' "$1" "$2" ;;
        *) die "$(head -n 1 "$errors")" ;;
    esac
}

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
