#!/usr/bin/env bash
# Brings up the daily digest with its schedule. Running it again changes nothing that is there.
#
# Environment: OPTIO, OPTIO_API_URL, OPTIO_API_TOKEN.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../common.sh
source "$here/../../common.sh"

"$optio" apply -f "$here"
