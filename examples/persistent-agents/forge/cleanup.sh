#!/usr/bin/env bash
# Deletes the four agents of the Forge, with their messages and turns.
#
# Environment: OPTIO_API_URL (http://localhost:30400), OPTIO_API_TOKEN, OPTIO_WORKSPACE_ID.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../common.sh
source "$here/../common.sh"

delete_agents "$here"/agents/*.json
