#!/usr/bin/env bash
# Brings up the changelog writer for a repository. Running it again changes nothing that is there.
#
#   ./setup.sh https://github.com/acme/shop
#
# Environment: CHANGELOG_SECRET (what GitHub signs its calls with), OPTIO, OPTIO_API_URL, OPTIO_API_TOKEN.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../common.sh
source "$here/../../common.sh"

export CHANGELOG_REPO=${1:-${CHANGELOG_REPO:-}}
need CHANGELOG_REPO 'the address of the repository, as in https://github.com/acme/shop'
need_secret CHANGELOG_SECRET GitHub
"$optio" apply -f "$here"
