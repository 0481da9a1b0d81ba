#!/usr/bin/env bash
# Removes the dependency updater with its schedule. Tasks that were made of it go on.
#
# Environment: OPTIO, OPTIO_API_URL, OPTIO_API_TOKEN.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../common.sh
source "$here/../../common.sh"

remove blueprint dependency-updater
