#!/usr/bin/env bash
# Cancels the tasks of this example that are not over.
#
#   ./cleanup.sh https://github.com/acme/shop
#
# Environment: OPTIO_API_URL (http://localhost:30400), OPTIO_API_TOKEN.
set -euo pipefail

repo=${1:?the address of a repository is missing, as in https://github.com/acme/shop}
api=${OPTIO_API_URL:-http://localhost:30400}
auth=()
[[ -z ${OPTIO_API_TOKEN:-} ]] || auth=(-H "Authorization: Bearer $OPTIO_API_TOKEN")

curl -fsS "${auth[@]}" -G --data-urlencode "repoUrl=$repo" --data-urlencode limit=1000 "$api/api/tasks/search" |
    jq -r '.tasks[] | select(.metadata.example == "repo-tasks")
           | select(.state | IN("completed", "failed", "cancelled") | not) | .id' |
    while read -r task; do
        curl -fsS "${auth[@]}" -X POST -H 'Content-Type: application/json' -d '{}' -o /dev/null "$api/api/tasks/$task/cancel"
        echo "task $task: cancelled"
    done
