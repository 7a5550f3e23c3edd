"""Faults of the backend: a setting that is missing, memory, a port, a bad release."""

from __future__ import annotations

from datetime import timedelta

from firstfive.faults.model import Fault
from firstfive.faults.stack import AT_REST, COMPOSE, SITE, UNHEALTHY, WITHDRAWN, pushed, set_variable

UP = f"{COMPOSE} up -d nickapp-backend 2>&1 | tail -2\n"
SHOWN = f"`{SITE}/api/health` times out or 5xx; `nickapp-backend` shows `Restarting` in `docker ps`."
FADES = timedelta(seconds=70)  # sockets that failed meanwhile are counted over a minute
WATCHTOWER = "docker start watchtower >/dev/null 2>&1 || true\n"

MISSING_ENV = Fault(
    name="backend-missing-env",
    what="a variable that the backend reads at start is gone from .env",
    runbook="backend",
    level=1,
    inject=set_variable("JWT_SECRET", None) + UP,
    seen=UNHEALTHY,
    fades=FADES,
    symptom=SHOWN,
    mends="put JWT_SECRET back into .env, then docker compose up -d nickapp-backend",
)

OUT_OF_MEMORY = Fault(
    name="backend-out-of-memory",
    what="the backend's memory limit is smaller than what it needs to start",
    runbook="backend",
    level=1,
    inject="sed 's/mem_limit: 256m/mem_limit: 24m/' docker-compose.production.yml > compose.new\n"
    "cat compose.new > docker-compose.production.yml && rm compose.new\n" + UP,
    seen=UNHEALTHY,
    fades=FADES,
    symptom=SHOWN,
    mends="raise mem_limit in the compose file, then docker compose up -d nickapp-backend",
)

PORT_CONFLICT = Fault(
    name="backend-port-conflict",
    what="two listeners of the backend want the same port",
    runbook="backend",
    level=1,
    inject=set_variable("ADMIN_PORT", "5000") + UP,
    seen=UNHEALTHY,
    fades=FADES,
    symptom=SHOWN,
    mends="give the second listener another port in .env, then docker compose up -d nickapp-backend",
)

BAD_DEPLOY = Fault(
    name="backend-bad-deploy",
    what="a release that crashes at start was pushed as :latest, and the updater takes it",
    runbook="backend",
    level=1,
    # the updater is at rest meanwhile: who builds is this host as well, and its tag moves for a moment
    inject=AT_REST + pushed("1.4.2", "CRASH=1") + WATCHTOWER,
    seen=UNHEALTHY,
    fades=FADES,
    heal=f"{WITHDRAWN}{COMPOSE} up -d nickapp-backend 2>&1 | tail -2\n",
    deploys=True,
    symptom=SHOWN,
    mends="roll back: pin the version before in the compose file, docker compose up -d nickapp-backend, stop watchtower",
)

ALL = (MISSING_ENV, OUT_OF_MEMORY, PORT_CONFLICT, BAD_DEPLOY)
