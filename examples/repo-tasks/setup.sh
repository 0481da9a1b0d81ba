#!/usr/bin/env bash
# Registers a repository and gives it two tasks, the second of which waits for the first. A repository that
# is there is left as it is; the tasks are created each time.
#
#   ./setup.sh https://github.com/acme/shop
#
# Environment: OPTIO_API_URL (http://localhost:30400), OPTIO_API_TOKEN.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=${1:?the address of a repository is missing, as in https://github.com/acme/shop}
api=${OPTIO_API_URL:-http://localhost:30400}
auth=()
[[ -z ${OPTIO_API_TOKEN:-} ]] || auth=(-H "Authorization: Bearer $OPTIO_API_TOKEN")

# Posts the body on the input and prints the status on the last line, behind the answer.
post() {
    curl -sS "${auth[@]}" -X POST -H 'Content-Type: application/json' -w '\n%{http_code}' --data-binary @- "$api$1"
}

# The answer of a request that must succeed.
must() {
    local answer status
    answer=$(post "$1")
    status=${answer##*$'\n'}
    answer=${answer%$'\n'*}
    if [[ $status != 2* ]]; then
        printf 'repo-tasks: %s: %s\n' "$1" "$(jq -r .error <<<"$answer")" >&2
        exit 1
    fi
    printf '%s' "$answer"
}

status=$(jq --arg repo "$repo" '.repoUrl = $repo' "$here/repo.json" | post /api/repos | tail -n 1)
case $status in
    201) echo "$repo: registered" ;;
    409) echo "$repo: exists, left as it is" ;;
    *) printf 'repo-tasks: %s could not be registered (%s)\n' "$repo" "$status" >&2 && exit 1 ;;
esac

first=$(jq --arg repo "$repo" '.repoUrl = $repo' "$here/tasks/healthz.json" | must /api/tasks | jq -r .task.id)
echo "task $first: created"
second=$(jq --arg repo "$repo" --arg first "$first" '.repoUrl = $repo | .dependsOn = [$first]' \
    "$here/tasks/document.json" | must /api/tasks | jq -r .task.id)
echo "task $second: created, waits for $first"
