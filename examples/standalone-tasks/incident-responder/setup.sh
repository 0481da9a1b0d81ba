#!/usr/bin/env bash
# Brings up the incident responder with its webhook. Running it again changes nothing that is there.
#
# Environment: INCIDENT_SECRET (what Alertmanager sends along), OPTIO, OPTIO_API_URL, OPTIO_API_TOKEN.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../common.sh
source "$here/../../common.sh"

need_secret INCIDENT_SECRET Alertmanager
"$optio" apply -f "$here"
