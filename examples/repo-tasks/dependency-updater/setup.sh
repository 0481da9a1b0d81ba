#!/usr/bin/env bash
# Brings up the dependency updater for a repository. Running it again changes nothing that is there.
#
#   ./setup.sh https://github.com/acme/shop
#
# Environment: OPTIO, OPTIO_API_URL, OPTIO_API_TOKEN.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../common.sh
source "$here/../../common.sh"

export DEPENDENCIES_REPO=${1:-${DEPENDENCIES_REPO:-}}
need DEPENDENCIES_REPO 'the address of the repository, as in https://github.com/acme/shop'
"$optio" apply -f "$here"
