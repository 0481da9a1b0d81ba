#!/usr/bin/env bash
# What the setup and cleanup scripts of the agent examples share: talking to Optio with curl and jq.
# Meant to be sourced.
set -euo pipefail

OPTIO_API_URL=${OPTIO_API_URL:-http://localhost:30400}
OPTIO_API_URL=${OPTIO_API_URL%/}

die() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

# One header per line. They go to curl through a file, so that the token shows up in no process list.
headers() {
    printf 'Accept: application/json\n'
    if [[ -n ${OPTIO_API_TOKEN:-} ]]; then
        printf 'Authorization: Bearer %s\n' "$OPTIO_API_TOKEN"
    fi
    if [[ -n ${OPTIO_WORKSPACE_ID:-} ]]; then
        printf 'x-workspace-id: %s\n' "$OPTIO_WORKSPACE_ID"
    fi
}

# call METHOD PATH [FILE]: sends FILE as JSON if there is one; leaves the answer in `status` and `answer`.
call() {
    local method=$1 path=$2 file=${3:-} out
    local request=(--silent --show-error --max-time 30 --request "$method" --header "@$work/headers")
    if [[ -n $file ]]; then
        request+=(--header 'Content-Type: application/json' --data-binary "@$file")
    fi
    out=$work/answer
    : >"$out"
    status=$(curl "${request[@]}" --output "$out" --write-out '%{http_code}' "$OPTIO_API_URL$path" 2>"$work/curl.log") ||
        die "no answer from $OPTIO_API_URL ($(head -n 1 "$work/curl.log"))
Start Optio (make dev), or say where it is: OPTIO_API_URL=http://host:port $0"
    answer=$(cat "$out")
}

# Ends the script with what the server said about the last call.
refused() {
    local said
    said=$(jq --raw-output '.detail // .error // .title // empty' <<<"$answer" 2>/dev/null) || said=''
    case $status in
        401) said="${said:-not signed in}. Set OPTIO_API_TOKEN to a token of yours" ;;
        403) said="${said:-forbidden}. The token may not do this in this workspace" ;;
    esac
    die "$1: HTTP $status ${said:-from something that does not seem to be Optio; is $OPTIO_API_URL right?}"
}

# The agents there are, as lines of "slug id".
agents() {
    call GET /api/persistent-agents
    [[ $status == 200 ]] || refused 'cannot list the agents'
    jq --exit-status '.agents | type == "array"' <<<"$answer" >/dev/null 2>&1 || refused 'cannot list the agents'
    jq --raw-output '.agents[] | "\(.slug) \(.id)"' <<<"$answer"
}

# The id of the agent with slug $1, or nothing.
agent_id() {
    local all
    all=$(agents) || exit 1
    awk -v slug="$1" '$1 == slug { print $2 }' <<<"$all"
}

# create_agent FILE: an agent that exists is left as it is.
create_agent() {
    local slug
    slug=$(jq --raw-output .slug "$1") || die "$1 is not JSON"
    call POST /api/persistent-agents "$1"
    case $status in
        201) printf '%-14s created\n' "$slug" ;;
        409) printf '%-14s exists, left as it is\n' "$slug" ;;
        *) refused "cannot create $slug" ;;
    esac
}

# delete_agents FILE...: those that are gone already are no error.
delete_agents() {
    local all file slug id
    all=$(agents) || exit 1
    for file in "$@"; do
        slug=$(jq --raw-output .slug "$file") || die "$file is not JSON"
        id=$(awk -v slug="$slug" '$1 == slug { print $2 }' <<<"$all")
        if [[ -z $id ]]; then
            printf '%-14s is not there\n' "$slug"
            continue
        fi
        call DELETE "/api/persistent-agents/$id"
        case $status in
            200 | 204) printf '%-14s deleted\n' "$slug" ;;
            404) printf '%-14s is not there\n' "$slug" ;;
            *) refused "cannot delete $slug" ;;
        esac
    done
}

for program in curl jq; do
    command -v "$program" >/dev/null || die "$program is missing; on Debian: apt-get install $program"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(umask 077 && headers >"$work/headers")
