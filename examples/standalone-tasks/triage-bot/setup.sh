#!/usr/bin/env bash
# Brings up the triage bot for a repository. Running it again changes nothing that is there.
#
#   ./setup.sh https://github.com/acme/shop
#
# Environment: TRIAGE_SECRET (what GitHub signs its calls with), OPTIO, OPTIO_API_URL, OPTIO_API_TOKEN.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../common.sh
source "$here/../../common.sh"

export TRIAGE_REPO=${1:-${TRIAGE_REPO:-}}
need TRIAGE_REPO 'the address of the repository, as in https://github.com/acme/shop'
need_secret TRIAGE_SECRET GitHub
"$optio" apply -f "$here"
