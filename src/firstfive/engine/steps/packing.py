"""Changes out of a pack, put together for one incident from what a person asks for and what the target says.

Called by whatever surface a person speaks through. Only looks at the target; what it makes waits for approval like any change.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from firstfive.errors import Exit, FirstfiveError, Refused
from firstfive.handbook.watching.plan import containers_of
from firstfive.incident import events as ev
from firstfive.incident.mends import put_back, restore
from firstfive.incident.packs import account, block, evidence, nginx, nginx_fix
from firstfive.incident.packs.addresses import Network
from firstfive.incident.packs.nginx import Directive
from firstfive.incident.packs.offered import RESUME, still_paused
from firstfive.incident.packs.packed import STRICT, Packed, quoted
from firstfive.incident.timeline import Incident

if TYPE_CHECKING:
    from firstfive.engine.loop import Engine

LOOKING = timedelta(seconds=20)
BEFORE = timedelta(hours=1)
Fields = Mapping[str, Any]

PACKS: Mapping[str, frozenset[str]] = {
    "block": frozenset({"address", "seconds", "how", "mine"}),
    "evidence": frozenset({"files", "containers", "journal"}),
    "disable-account": frozenset({"value", "by_field", "container", "database", "collection", "field"}),
    "mend-websocket": frozenset({"path"}),
    RESUME: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRules:
    """What a team sets for packs. `never` are addresses and networks that are never blocked; `nginx` are the words that call it.

    `read_nginx` reads what `nginx -T` prints; `nginx_blocks` is a file that it includes for blocks. On the default target `kept` are files
    whose good versions are kept, `logs` patterns of logs that may be emptied, `stores` data that can be restored, and `folder` (a word
    of bash) is our own.
    """

    never: tuple[str, ...] = ()
    how: str = "nftables"
    zone: str = ""
    nginx: tuple[str, ...] = ("nginx",)
    websocket_path: str = "/socket.io/"
    nginx_blocks: str = ""
    kept: put_back.Kept | None = None
    logs: tuple[str, ...] = ()
    stores: tuple[restore.Stored, ...] = ()
    folder: str = ""
    read_nginx: Callable[[str], Sequence[Directive]] | None = field(default=None, compare=False)


async def offer(engine: Engine, incident_id: str, by: str, pack: str, fields: Fields) -> Incident:
    """Ask for a change out of a pack. Raises Refused for a pack or a field that is none, and for what a pack never does."""
    known = PACKS.get(pack)
    if known is None:
        raise Refused(f"there is no pack {pack!r}", remedy=f"known: {', '.join(PACKS)}", exit_code=Exit.USAGE)
    unknown = sorted(set(fields) - known - {"on"})
    if unknown:
        takes = ", ".join(sorted(known | {"on"}))
        raise Refused(f"unknown field {unknown[0]}", remedy=f"{pack} takes: {takes}", exit_code=Exit.USAGE)
    state = await engine.incident(incident_id)
    target = _text(fields, "on", state.host or engine.policy.target)
    made, title = await _made(engine, state, pack, fields, target)
    number = 1 + sum(change.pack == pack for change in state.offered.values())
    change = ev.ChangeOffered(
        id=f"{pack}.{number}",
        pack=pack,
        title=title,
        target=target,
        script=made.script,
        undo=made.undo,
        verify=made.verify,
        timeout=made.timeout,
        why=made.why,
        warnings=made.warnings,
        afterwards=pack == RESUME,
    )
    return await engine.say(incident_id, by, change)


async def _made(engine: Engine, state: Incident, pack: str, fields: Fields, target: str) -> tuple[Packed, str]:
    match pack:
        case "block":
            return blocking(engine, fields)
        case "evidence":
            return _evidence(engine, state, fields)
        case "disable-account":
            return _account(fields)
        case "mend-websocket":
            return await _websocket(engine, fields, target)
        case _:
            return _resumed(state)


def blocking(engine: Engine, fields: Fields) -> tuple[Packed, str]:
    """A block as settings want it, with its title. Raises Refused for what is never blocked."""
    rules = engine.tools.packs
    seconds = fields.get("seconds", 3600)
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise Refused("seconds is a whole number", exit_code=Exit.USAGE)
    how = _text(fields, "how", rules.how)
    if how not in list(block.How):
        raise Refused(f"{how!r} is no way to block", remedy=f"known: {', '.join(block.How)}", exit_code=Exit.USAGE)
    never = [_network(text) for text in (*rules.never, *_texts(fields, "mine"))]
    address, lasts = _text(fields, "address"), timedelta(seconds=seconds)
    made = block.block(
        address,
        expires=lasts,
        now=engine.clock.now(),
        never=never,
        how=block.How(how),
        zone=rules.zone,
        file=rules.nginx_blocks,
        nginx=rules.nginx,
    )
    return made, f"block {address} for {block.spoken(seconds)}"


def _evidence(engine: Engine, state: Incident, fields: Fields) -> tuple[Packed, str]:
    named = _texts(fields, "containers") or containers_of(engine.handbook_for(state))
    now = engine.clock.now()
    made = evidence.evidence(
        state.id,
        now=now,
        since=(state.started_at or now) - BEFORE,
        files=_texts(fields, "files"),
        containers=named,
        journal=bool(fields.get("journal", False)),
    )
    return made, f"keep evidence of {', '.join((*named, *_texts(fields, 'files'))) or 'the host'}"


def _account(fields: Fields) -> tuple[Packed, str]:
    named = (("by", "by_field"), ("collection", "collection"), ("field", "field"))
    given = {name: _text(fields, key) for name, key in named if fields.get(key)}
    value = _text(fields, "value")
    container, database = _text(fields, "container"), _text(fields, "database")
    made = account.disable(value, container=container, database=database, **given)
    return made, f"disable the account {value}"


async def _websocket(engine: Engine, fields: Fields, target: str) -> tuple[Packed, str]:
    rules = engine.tools.packs
    if rules.read_nginx is None:
        raise Refused("this installation reads no nginx configuration", remedy="install the nginx reader")
    call = " ".join(quoted(word) for word in rules.nginx)
    seen = await engine.tools.target(target).look(f"{STRICT}\n{call} -T 2>/dev/null\n", timeout=LOOKING)
    if seen.exit_code != 0:
        raise FirstfiveError(
            f"{call} -T on {target} ended with {seen.exit_code}: {seen.text.strip()[:200] or 'it said nothing'}",
            remedy="mend the configuration first, or set [packs] nginx to the words that call nginx there",
        )
    path = _text(fields, "path", rules.websocket_path)
    findings = nginx.websocket_findings(rules.read_nginx(seen.stdout), path=path)
    if not findings:
        raise Refused(
            f"nginx on {target} passes WebSocket connections of {path} on as it should",
            remedy="look elsewhere: runbook steps, or the backend's own log",
        )
    file = findings[0].location.file
    mine = [found for found in findings if found.location.file == file]
    change = nginx_fix.edit(mine, nginx.configuration_files(seen.stdout)[file])
    return nginx_fix.fix(change, nginx=rules.nginx), f"let WebSockets of {path} through nginx"


def _resumed(state: Incident) -> tuple[Packed, str]:
    names = still_paused(state)
    if not names:
        raise Refused(
            f"no updater was stopped by {state.id}, or it runs again",
            remedy="`docker ps` shows whether it runs; start it by hand when something else stopped it",
        )
    words = " ".join(quoted(name) for name in names)
    made = Packed(
        name=RESUME,
        script=f"{STRICT}\ndocker start {words}\n",
        undo=f"{STRICT}\ndocker stop {words}\n",
        verify=f"{STRICT}\n[ \"$(docker inspect -f '{{{{.State.Running}}}}' {words} | sort -u)\" = true ]\n",
        why=f"{' and '.join(names)} was stopped by the roll-back and may update again",
        timeout=timedelta(minutes=1),
        warnings=("it pulls the newest image as soon as it looks: be sure that one is good",),
    )
    return made, f"start {' and '.join(names)} again"


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise Refused(f"{text!r} is no address or network", exit_code=Exit.USAGE) from None


def _text(fields: Fields, name: str, default: str | None = None) -> str:
    value = fields.get(name, default)
    if not isinstance(value, str) or (not value.strip() and default is None):
        raise Refused(f"{name} is missing", remedy=f"give {name} as text", exit_code=Exit.USAGE)
    return value.strip()


def _texts(fields: Fields, name: str) -> tuple[str, ...]:
    """A list, or one text with a value a line."""
    value = fields.get(name, ())
    many = value.splitlines() if isinstance(value, str) else value
    if not isinstance(many, list | tuple) or not all(isinstance(one, str) for one in many):
        raise Refused(f"{name} is a list of texts", exit_code=Exit.USAGE)
    return tuple(one.strip() for one in many if one.strip())
