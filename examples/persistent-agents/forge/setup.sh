#!/usr/bin/env bash
# Brings up the four agents of the Forge. Running it again changes nothing that is there.
#
# Environment: OPTIO_API_URL (http://localhost:30400), OPTIO_API_TOKEN, OPTIO_WORKSPACE_ID.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../common.sh
source "$here/../common.sh"

# Vesper greets the others in its first turn, so it comes last.
for slug in chronicler sentinel forge vesper; do
    create_agent "$here/agents/$slug.json"
done
