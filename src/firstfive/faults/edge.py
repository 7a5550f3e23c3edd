"""Faults at the edge: WebSockets that come and go, and people who guess passwords."""

from __future__ import annotations

from datetime import timedelta

from firstfive.faults.model import Fault

STORM = "Backend logs flood with `User connected/disconnected` cycling."
SPIKE = "Backend logs show `RATE_LIMIT exceeded`; many `401` on `/api/auth/login` from one address."
MINUTE = timedelta(seconds=70)  # what the looks at the edge count over
RELOAD = "docker exec nickapp-nginx nginx -s reload\n"
CYCLING = "test \"$(docker logs --since 5s nickapp-backend 2>&1 | grep -c 'User disconnected')\" -ge 8"

NO_UPGRADE = Fault(
    name="websocket-no-upgrade",
    what="the proxy's configuration lost its Upgrade headers and its long read timeout",
    runbook="websocket",
    level=2,
    inject="echo 'proxy_read_timeout 2s;' > nginx/conf/websocket.inc\n"
    + RELOAD
    # connections that are up stay up over a reload; the people come anew
    + "docker restart -t 1 nickapp-people >/dev/null\n",
    seen=CYCLING,
    fades=MINUTE,
    symptom=STORM,
    mends="put proxy_set_header Upgrade and Connection back, raise proxy_read_timeout, reload nginx",
)

CLOCK_SKEW = Fault(
    name="websocket-clock-skew",
    what="tokens of clients whose clock is fast are refused, and they connect again and again",
    runbook="websocket",
    level=2,
    inject="docker exec nickapp-people touch /tmp/skew\n",
    seen=CYCLING,
    heal="docker exec nickapp-people rm -f /tmp/skew 2>/dev/null || true\n",
    fades=MINUTE,
    symptom=STORM,
    mends="allow some leeway when tokens are checked, set the clocks",
    outside="the clocks are the clients' own",
)

GUESSING = "tail -n 400 nginx/logs/access.log | grep 'POST /api/auth/login ' | grep -cE '^203.0.113.*\" (401|429) '"


def _crowd(addresses: int, each: int) -> str:
    return f"docker exec -d nickapp-people node /app/crowd.js {addresses} {each}\n"


QUIET = "docker exec nickapp-people pkill -f crowd.js 2>/dev/null || true\n"

MANY_GUESS = Fault(
    name="abuse-many-addresses",
    what="passwords are guessed from fifty addresses, few times from each",
    runbook="suspicious abuse",
    level=2,
    inject=_crowd(50, 100),
    seen=f'test "$({GUESSING})" -ge 40',
    heal=QUIET,
    symptom=SPIKE,
    mends="limit what may be asked of /api/auth/login, challenge, lock the account that is aimed at",
    patience=timedelta(seconds=40),
    fades=timedelta(seconds=30),
)

ONE_GUESSES = Fault(
    name="abuse-one-address",
    what="passwords are guessed from one address, many times a second",
    runbook="suspicious abuse",
    level=2,
    inject=_crowd(1, 5000),
    seen=f'test "$({GUESSING})" -ge 35',
    heal=QUIET,
    symptom=SPIKE,
    mends="block the address at the edge",
    patience=timedelta(seconds=40),
    fades=timedelta(seconds=30),
)

ALL = (NO_UPGRADE, CLOCK_SKEW, MANY_GUESS, ONE_GUESSES)
