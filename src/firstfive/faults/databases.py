"""Faults of MongoDB and Redis: stopped, full, broken data, another password."""

from __future__ import annotations

from firstfive.faults.model import Fault
from firstfive.faults.stack import COMPOSE, UNHEALTHY, customers_get, set_variable

DATA, LOG = "data/mongodb", "data/logs/debug.log"
# Data that cannot be opened any more is thrown away: the shop seeds itself anew.
ANEW = (
    "docker stop -t 2 nickapp-mongodb >/dev/null\nfind data -path 'data/mongodb.*' -delete\n"
    f"find {DATA} -mindepth 1 -delete\ndocker start nickapp-mongodb >/dev/null\n"
)

# A journal that was laid out beforehand takes small writes for a while; these are more than fit in it.
BURST = (
    "docker exec -e PYTHONPATH=/lab/pylib nickapp-mongodb timeout 8 python3 -c '\n"
    "import pymongo\n"
    'held = pymongo.MongoClient("127.0.0.1", serverSelectionTimeoutMS=2000).marketplace.payments\n'
    'for n in range(40): held.insert_one({"n": n, "x": __import__("os").urandom(500000)})\n'
    "' >/dev/null 2>&1 || true\n"
)

MONGO_STOPPED = Fault(
    name="mongodb-stopped",
    what="the MongoDB container was stopped",
    runbook="mongo",
    level=1,
    inject="docker stop -t 2 nickapp-mongodb >/dev/null\n",
    seen=UNHEALTHY,
    symptom="Backend logs show `getaddrinfo ENOTFOUND mongodb` or `MongoServerSelectionError`.",
    mends="docker compose -f docker-compose.production.yml up -d mongodb",
)

MONGO_DISK_FULL = Fault(
    name="mongodb-disk-full",
    what="a log that nobody rotates has filled the disk that MongoDB's data lies on",
    runbook="mongo",
    level=1,
    inject=f"dd if=/dev/zero of={LOG} bs=64k 2>/dev/null || true\n" + BURST,
    seen=f"{customers_get('/api/payments', '50[0-9]')} || {UNHEALTHY}",
    heal=f"rm -f {LOG}\n" + ANEW,
    symptom="MongoDB logs show `No space left on device` or `WT_PANIC`.",
    mends="empty the log, rotate it, then docker compose -f docker-compose.production.yml up -d mongodb",
)

MONGO_CORRUPT = Fault(
    name="mongodb-corrupt",
    what="a file of MongoDB's data holds garbage, and the server cannot open it",
    runbook="mongo",
    level=1,
    inject="docker kill nickapp-mongodb >/dev/null\n"
    f"dd if=/dev/urandom of={DATA}/WiredTiger.wt bs=4k count=4 conv=notrunc 2>/dev/null\n"
    "docker start nickapp-mongodb >/dev/null\n",
    seen=UNHEALTHY,
    heal=ANEW,
    symptom="MongoDB logs show `database corruption detected` or `WT_TRY_SALVAGE`.",
    mends="stop the backend, restore the newest dump, start both",
)

REDIS_STOPPED = Fault(
    name="redis-stopped",
    what="the Redis container was stopped",
    runbook="redis",
    level=2,
    inject="docker stop -t 2 nickapp-redis >/dev/null\n",
    seen="curl -fsS -m 2 https://amn.gg/api/health | grep -q degraded",
    symptom="Backend logs show `getaddrinfo ENOTFOUND redis` or `ECONNREFUSED redis:6379`.",
    mends="docker compose -f docker-compose.production.yml up -d redis",
)

REDIS_PASSWORD = Fault(
    name="redis-password-mismatch",
    what="REDIS_PASSWORD was changed in .env, and only the backend was made anew with it",
    runbook="redis",
    level=2,
    inject=set_variable("REDIS_PASSWORD", "another-password")
    + f"{COMPOSE} up -d --no-deps nickapp-backend 2>&1 | tail -2\n",
    seen="curl -fsS -m 2 https://amn.gg/api/health | grep -q degraded",
    symptom="Backend logs show `WRONGPASS` or `NOAUTH Authentication required`.",
    mends="docker compose up -d redis nickapp-backend, so that both know the same password",
)

CLI = 'REDISCLI_AUTH="$(grep ^REDIS_PASSWORD= .env | cut -d= -f2)" && export REDISCLI_AUTH\n'
ASK = "docker exec -i -e REDISCLI_AUTH nickapp-redis redis-cli"

REDIS_FULL = Fault(
    name="redis-memory-full",
    what="Redis has used its memory up, and its policy is to refuse writes",
    runbook="redis",
    level=2,
    inject=CLI + f"{ASK} DEBUG POPULATE 60000 ballast 600 >/dev/null 2>&1 || true\n"
    f"{ASK} CONFIG SET maxmemory 8mb >/dev/null\n{ASK} CONFIG SET maxmemory-policy noeviction >/dev/null\n"
    f"seq 40000 | sed 's/.*/SET ballast:& {'x' * 400}/' | {ASK} >/dev/null 2>&1 || true\n",
    seen=CLI + f"{ASK} SET firstfive-lab-probe 1 | grep -q OOM",
    heal=CLI + f"{ASK} CONFIG SET maxmemory 32mb >/dev/null; {ASK} FLUSHALL >/dev/null"
    f"; {ASK} CONFIG SET maxmemory-policy noeviction >/dev/null\n",
    symptom="Backend logs show `OOM command not allowed`.",
    mends="CONFIG SET maxmemory-policy allkeys-lru, and write it into the compose file",
)

ALL = (MONGO_STOPPED, MONGO_DISK_FULL, MONGO_CORRUPT, REDIS_STOPPED, REDIS_PASSWORD, REDIS_FULL)
