"""Every command of the original page and what becomes of it: it works as written, or its defect is named and a corrected one is offered,
or it is a person's work, for which a pack may stand ready.

The rows stand by the page's own line numbers; its text is not repeated here. `codes` are what `firstfive check` says at those lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    WORKS = "works as written"
    DEFECT = "a defect of the page; a corrected command is offered"
    GUIDED = "a person's work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Lines `line` to `last` of the page. `corrected` stands in their place; `pack` is the module of `incident.packs` that does it.

    `elsewhere` are codes that the check gives once for the whole page, at another line. `untried` says why the lab does not run the row.
    """

    line: int
    outcome: Outcome
    why: str
    last: int = 0
    codes: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    corrected: str = ""
    pack: str = ""
    untried: str = ""

    @property
    def lines(self) -> range:
        return range(self.line, (self.last or self.line) + 1)


W, D, G = Outcome.WORKS, Outcome.DEFECT, Outcome.GUIDED
COMPOSE = "docker compose -f docker-compose.production.yml"
DECIDED = "a decision, no command"

ROWS = (
    # 3.1 the backend is down
    Row(line=48, outcome=W, why="the last lines are shown"),
    Row(line=55, outcome=W, why="the state is shown, with OOMKilled in it"),
    Row(
        line=57,
        last=58,
        outcome=G,
        why="which limit or which variable is a person's to say",
        codes=("FF020",),
        untried=DECIDED,
    ),
    Row(
        line=61,
        outcome=D,
        why="it turns every service's :latest to one version, not the backend's only",
        codes=("FF062", "FF021"),
        corrected="sed -i 's|nickapp-backend:latest|nickapp-backend:<previous-version>|' docker-compose.production.yml",
    ),
    Row(
        line=62,
        outcome=D,
        why="another file than the edited one is read, and a container's name is no service",
        codes=("FF057", "FF058"),
        corrected=f"{COMPOSE} up -d backend",
    ),
    Row(line=64, outcome=W, why="the updater stops"),
    # 3.2 MongoDB
    Row(line=79, outcome=W, why="the container is listed, stopped ones too"),
    Row(line=82, outcome=W, why="the last lines are shown, also of a container that ended"),
    Row(line=86, outcome=W, why="the file system of that folder; a data folder elsewhere is not seen"),
    Row(
        line=88,
        last=91,
        outcome=G,
        why="pruning takes the previous image, the way back, and the evidence in stopped containers",
        codes=("FF063",),
        pack="evidence",
        untried="pruning is not tried on purpose",
    ),
    Row(line=94, outcome=W, why="the service comes up"),
    Row(line=97, outcome=W, why="it answers; a ping says nothing about writes"),
    Row(line=99, outcome=G, why="restoring is a runbook of its own", codes=("FF020",), untried=DECIDED),
    # 3.3 Redis
    Row(line=114, outcome=W, why="the container is listed"),
    Row(line=117, outcome=W, why="the last lines are shown"),
    Row(line=118, outcome=W, why="the service comes up"),
    Row(
        line=121,
        outcome=D,
        why="the password stands in the arguments, where every user of the host reads it",
        codes=("FF050", "FF024"),
        corrected='REDISCLI_AUTH="$REDIS_PASSWORD" docker exec -e REDISCLI_AUTH nickapp-redis redis-cli PING',
    ),
    Row(line=124, last=125, outcome=G, why="an editor needs a person", codes=("FF052", "FF020"), untried=DECIDED),
    Row(
        line=126,
        outcome=D,
        why="without its file Compose finds none in that folder",
        elsewhere=("FF057",),
        corrected=f"{COMPOSE} up -d redis backend",
    ),
    Row(
        line=129,
        outcome=D,
        why="the password stands in the arguments",
        codes=("FF050",),
        corrected='REDISCLI_AUTH="$REDIS_PASSWORD" docker exec -e REDISCLI_AUTH nickapp-redis'
        " redis-cli CONFIG SET maxmemory-policy allkeys-lru",
    ),
    # 3.4 payments
    Row(
        line=144,
        last=145,
        outcome=D,
        why="the key stands in the arguments, and the gateway has no such path (it answers 404)",
        codes=("FF050", "FF024"),
        corrected='printf \'header = "X-Shkeeper-Api-Key: %s"\\n\' "$SHKEEPER_API_KEY" |'
        ' curl -fsS --config - "$SHKEEPER_API_URL/api/v1/crypto"',
    ),
    Row(
        line=147,
        last=152,
        outcome=G,
        why="their side, a banner, a demo switch: people decide",
        codes=("FF020",),
        untried=DECIDED,
    ),
    Row(line=153, last=153, outcome=G, why="when to compare is a person's to say", codes=("FF020",), untried=DECIDED),
    Row(line=155, outcome=W, why="it says whether the container reaches it (the image must hold curl)"),
    Row(
        line=159,
        last=160,
        outcome=D,
        why="everything after use is taken for a database's name: it exits 0 and counts nothing",
        codes=("FF054",),
        corrected="docker exec nickapp-mongodb mongosh marketplace --eval"
        " \"db.payments.countDocuments({status:'pending', createdAt:{\\$lt: new Date(Date.now() - 30*60*1000)}})\"",
    ),
    Row(
        line=162,
        last=164,
        outcome=G,
        why="a payment is held against the provider by a person",
        codes=("FF020",),
        untried=DECIDED,
    ),
    # 3.5 mail
    Row(
        line=179,
        last=187,
        outcome=W,
        why="true, or the error; it exits 0 either way",
    ),
    Row(line=189, outcome=G, why="a new password is asked for", untried=DECIDED),
    Row(line=190, outcome=G, why="another sender is chosen", untried=DECIDED),
    Row(line=191, outcome=G, why="records of a domain are looked at; a probe does", codes=("FF020",), untried=DECIDED),
    # 3.6 WebSockets
    Row(line=206, outcome=W, why="a number"),
    Row(
        line=209,
        outcome=D,
        why="it never ends",
        codes=("FF053",),
        corrected="tail -n 2000 /opt/backend/nginx/logs/access.log | grep socket.io",
    ),
    Row(line=211, last=214, outcome=G, why="three causes to weigh", untried=DECIDED),
    Row(
        line=216,
        last=220,
        outcome=G,
        why="the lines are found missing, and written",
        pack="nginx",
        untried="the pack is, on the stack's own nginx",
    ),
    Row(
        line=223,
        outcome=D,
        why="a container's name is no service, and the file is missing",
        codes=("FF058",),
        elsewhere=("FF057",),
        corrected=f"{COMPOSE} restart nginx backend",
    ),
    # 3.7 abuse
    Row(line=236, last=237, outcome=W, why="a ranking of the hop before nginx, whoever that is"),
    Row(
        line=239,
        last=240,
        outcome=G,
        why="Docker's published ports go around ufw; the pack sees them, and never blocks one of ours",
        codes=("FF064",),
        pack="block",
        untried="the pack's own tests",
    ),
    Row(line=243, outcome=W, why="the setting is shown"),
    Row(
        line=246,
        last=252,
        outcome=D,
        why="no terminal, an example's address, a $set that the shell eats, and it never ends",
        codes=("FF051", "FF055", "FF056", "FF020"),
        pack="account",
    ),
    Row(line=254, outcome=G, why="copied with a manifest", pack="evidence", untried="the pack's own tests"),
)
