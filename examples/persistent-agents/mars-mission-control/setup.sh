#!/usr/bin/env bash
# Brings up the seven agents of Mars Mission Control and the schedule that begins a sol. Running it again
# changes nothing that is there.
#
# Environment: OPTIO_API_URL (http://localhost:30400), OPTIO_API_TOKEN, OPTIO_WORKSPACE_ID,
# SOL_INTERVAL_MINUTES (10; 1 to 59).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../common.sh
source "$here/../common.sh"

minutes=${SOL_INTERVAL_MINUTES:-10}
if ! [[ $minutes =~ ^[1-9][0-9]?$ && $minutes -le 59 ]]; then
    die "SOL_INTERVAL_MINUTES is '$minutes'; it must be a whole number from 1 to 59"
fi

# Whoever is spoken to exists before the one who speaks.
for slug in trajectory comms life-support geology eva director clock; do
    create_agent "$here/agents/$slug.json"
done

clock=$(agent_id clock)
[[ -n $clock ]] || die 'the clock was created, but the list of agents does not show it'
call GET "/api/persistent-agents/$clock/triggers"
[[ $status == 200 ]] || refused 'cannot list the triggers of the clock'
if jq --exit-status 'any(.triggers[]; .type == "schedule")' <<<"$answer" >/dev/null; then
    printf '%-14s exists, left as it is\n' schedule
    exit 0
fi
jq --null-input --arg cron "*/$minutes * * * *" \
    '{type: "schedule", config: {cronExpression: $cron}, enabled: true}' >"$work/trigger.json"
call POST "/api/persistent-agents/$clock/triggers" "$work/trigger.json"
[[ $status == 201 ]] || refused 'cannot give the clock its schedule'
printf '%-14s created, a sol every %s minutes\n' schedule "$minutes"
