#!/bin/bash
# Stands in for the agent program. It speaks the program's output format, writes to its peers over HTTP as a
# real agent does with curl, sleeps, fails now and then, and keeps a ledger of its own: everything it saw and
# did, in the order in which it did it. Its role tells it how: `chaos peers=6 fail=12 sleep=400`.
prompt=$(cat)
turn=$OPTIO_PERSISTENT_AGENT_TURN_ID
me=$OPTIO_PERSISTENT_AGENT_SLUG
[[ $prompt =~ chaos\ peers=([0-9]+)\ fail=([0-9]+)\ sleep=([0-9]+) ]] || exit 9
peers=${BASH_REMATCH[1]} fail=${BASH_REMATCH[2]} sleep=${BASH_REMATCH[3]}
cd "${OPTIO_WORKSPACE:-.}" || exit 8

# A line is one write, so that a kill leaves it whole or not at all.
note() { printf '%s\n' "$*" >>ledger; }
# Up to so many milliseconds.
nap() {
    local ms=$((RANDOM % ($1 + 1)))
    sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
}
say() { printf '{"type":"assistant","message":{"content":[{"type":"text","text":"%s"}]},"session_id":"s"}\n' "$1"; }

# send PEER TTL: one message, under one key, until somebody says what became of it.
send() {
    local peer=$1 count=0 key body answer status try
    read -r count <"count-$peer" 2>/dev/null
    count=$((count + 1))
    # Before the first try: a number that may have been used is never used again.
    echo "$count" >"count-$peer.new" && mv "count-$peer.new" "count-$peer"
    key="$me-$peer-$count" body="c|$me|$peer|$count|$2"
    note try "$turn" "$key" "$body"
    for ((try = 0; try < 60; try++)); do
        answer=$(curl --silent --max-time 5 --write-out '\n%{http_code}' --header "X-Optio-Agent-Token: $OPTIO_AGENT_TOKEN" \
            --header "Idempotency-Key: $key" --header 'Content-Type: application/json' \
            --data "{\"to\":\"$peer\",\"body\":\"$body\"}" "$OPTIO_API_URL/api/internal/persistent-agents/send")
        status=${answer##*$'\n'}
        case $status in
            202)
                # Half an answer is none.
                if [[ $answer =~ \"messageId\":\"([0-9a-f-]{36})\" ]]; then
                    note sent "$turn" "$key" "${BASH_REMATCH[1]}"
                    return 0
                fi
                ;;
            429 | 503) note later "$turn" "$key" "$status" ;;
            000) ;;
            401)
                note stale "$turn" "$key"
                return 1
                ;;
            *)
                note odd "$turn" "$key" "$status"
                return 1
                ;;
        esac
        nap 400
    done
    note unknown "$turn" "$key"
    return 1
}

note begin "$turn" "$$" "$RANDOM$RANDOM"
printf '{"type":"system","subtype":"init","session_id":"s","model":"chaos"}\n'
bodies=()
while IFS= read -r line; do
    [[ $line =~ \"body\":\ \"(c(\|[a-z0-9]+){4})\" ]] || continue
    bodies+=("${BASH_REMATCH[1]}")
    note seen "$turn" "${BASH_REMATCH[1]}"
done <<<"$prompt"
for body in "${bodies[@]}"; do
    say "read $body"
    nap "$sleep"
    ttl=${body##*|} peer=a$((RANDOM % peers))
    if ((0 < ttl)) && [[ $peer != "$me" ]]; then
        send "$peer" $((ttl - 1)) || break
    fi
done
nap "$sleep"
if ((fail && RANDOM % fail == 0)); then
    note end "$turn" failed
    case $((RANDOM % 3)) in
        0) exit 3 ;;
        1) kill -9 $$ ;;
        *) printf '{"type":"result","subtype":"error_during_execution","is_error":true,"errors":["chance"],"session_id":"s"}\n' ;;
    esac
    exit 1
fi
note end "$turn" well
printf '{"type":"result","subtype":"success","is_error":false,"result":"done","total_cost_usd":0.001,"session_id":"s"}\n'
