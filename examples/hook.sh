#!/usr/bin/env bash
# Calls a webhook as GitHub does, or as GitLab does: with a body from a file, and a secret from the environment, which
# shows up in no process list.
#
#   hook.sh PATH FILE SECRET_VARIABLE [github|gitlab]
#
# Environment: OPTIO_API_URL (http://localhost:30400). Needs python3.
set -euo pipefail

[[ $# -ge 3 ]] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
exec python3 - "$@" <<'PYTHON'
import hashlib, hmac, json, os, sys, urllib.error, urllib.request, uuid

path, file, variable = sys.argv[1:4]
scheme = sys.argv[4] if 4 < len(sys.argv) else "github"
secret = os.environ.get(variable) or sys.exit(f"error: {variable} is not set")
server = os.environ.get("OPTIO_API_URL", "http://localhost:30400").rstrip("/")
body = open(file, "rb").read()
headers = {"Content-Type": "application/json"}
if scheme == "gitlab":
    headers["X-Gitlab-Token"] = secret
else:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers["X-Hub-Signature-256"] = f"sha256={signature}"
    headers["X-GitHub-Delivery"] = str(uuid.uuid4())
request = urllib.request.Request(f"{server}/api/hooks/{path}", body, headers)
try:
    print(json.dumps(json.load(urllib.request.urlopen(request))))
except urllib.error.HTTPError as error:
    sys.exit(f"error: HTTP {error.code}: {error.read().decode(errors='replace')}")
except urllib.error.URLError as error:
    sys.exit(f"error: no answer from {server}: {error.reason}")
PYTHON
