#!/usr/bin/env bash
# Removes the cost watchdog with its schedule, and cancels its runs. What they wrote stays.
#
# Environment: OPTIO, OPTIO_API_URL, OPTIO_API_TOKEN.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../common.sh
source "$here/../../common.sh"

remove job cost-watchdog
