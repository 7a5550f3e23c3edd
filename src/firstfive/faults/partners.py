"""Faults of what the shop depends on outside: the payment gateway and the mail server."""

from __future__ import annotations

from datetime import timedelta

from firstfive.faults.model import Fault
from firstfive.faults.stack import customers_get

REFUSED = "Backend logs show repeated `SHKeeper request failed`."
UNMAILED = "Backend logs show `nodemailer: code=`."
UNPAID = customers_get("/api/payments", "503")
UNSENT = customers_get("/api/auth/reset", "502")


def _mode(container: str, word: str) -> str:
    return f"docker exec {container} sh -c 'echo {word} > /tmp/mode'\n"


def _usual(container: str) -> str:
    return f"docker exec {container} rm -f /tmp/mode\n"


NETWORK = "nickapp_default"

GATEWAY_5XX = Fault(
    name="shkeeper-5xx",
    what="the payment gateway answers 500 to everything",
    runbook="shkeeper payment",
    fades=timedelta(seconds=70),
    level=1,
    inject=_mode("nickapp-shkeeper", "5xx"),
    seen=UNPAID,
    heal=_usual("nickapp-shkeeper"),
    symptom=REFUSED,
    mends="it is the provider's: tell them, and the customers",
    outside="the gateway is the provider's",
)

GATEWAY_UNREACHABLE = Fault(
    name="shkeeper-unreachable",
    what="the payment gateway takes connections and never answers",
    runbook="shkeeper payment",
    fades=timedelta(seconds=70),
    level=1,
    # a busy machine does not always freeze at once
    inject="for n in 1 2 3 4 5; do docker pause nickapp-shkeeper >/dev/null && break; sleep 0.3; done\n"
    "test \"$(docker inspect -f '{{.State.Paused}}' nickapp-shkeeper)\" = true\n",
    seen=UNPAID,
    heal="docker unpause nickapp-shkeeper >/dev/null 2>&1 || true\n",
    symptom=REFUSED,
    mends="find where packets end: host, container, firewall",
    outside="the gateway is the provider's",
)

GATEWAY_DNS = Fault(
    name="shkeeper-dns",
    what="the name of the payment gateway resolves no more where the backend runs",
    runbook="shkeeper payment",
    fades=timedelta(seconds=70),
    level=1,
    inject=f"docker network disconnect {NETWORK} nickapp-shkeeper\ndocker network connect {NETWORK} nickapp-shkeeper\n",
    seen=UNPAID,
    heal=f"docker network disconnect -f {NETWORK} nickapp-shkeeper >/dev/null 2>&1 || true\n"
    f"docker network connect --alias shkeeper {NETWORK} nickapp-shkeeper\n",
    symptom=REFUSED,
    mends="compare host and container, then mend the record or the network's alias",
)

MAIL_AUTH = Fault(
    name="smtp-auth-failure",
    what="the mail provider has changed the password",
    runbook="email mail smtp",
    level=2,
    inject=_mode("nickapp-smtp", "rotated"),
    seen=UNSENT,
    heal=_usual("nickapp-smtp"),
    symptom=UNMAILED,
    mends="put the new SMTP_PASS into .env, then docker compose up -d nickapp-backend",
    outside="only the provider knows the new password",
)

MAIL_TIMEOUT = Fault(
    name="smtp-timeout",
    what="the mail server takes connections and never greets",
    runbook="email mail smtp",
    level=2,
    inject=_mode("nickapp-smtp", "hang"),
    seen=UNSENT,
    heal=_usual("nickapp-smtp"),
    symptom=UNMAILED,
    mends="send through another provider until it answers again",
    outside="the mail server is the provider's",
)

MAIL_REFUSED = Fault(
    name="smtp-refused",
    what="nobody listens at the mail server's port",
    runbook="email mail smtp",
    level=2,
    inject=_mode("nickapp-smtp", "closed"),
    seen=UNSENT,
    heal=_usual("nickapp-smtp"),
    symptom=UNMAILED,
    mends="send through another provider until it answers again",
    outside="the mail server is the provider's",
)

ALL = (GATEWAY_5XX, GATEWAY_UNREACHABLE, GATEWAY_DNS, MAIL_AUTH, MAIL_TIMEOUT, MAIL_REFUSED)
