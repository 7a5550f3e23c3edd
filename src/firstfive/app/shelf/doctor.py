"""The doctor: each thing that must hold, what was found, and the exact fix.

Called by the `doctor` command and by `books`, in a thread that runs no event loop. Looks only;
asks no network beyond the hosts that the page names.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstfive.app.eyes import probes_for, sockets_of
from firstfive.app.hands import target_of
from firstfive.app.pages import read_handbook
from firstfive.app.shelf.places import places
from firstfive.documents.filling import OPEN, unread
from firstfive.errors import FirstfiveError
from firstfive.handbook.model import Handbook, Level, TemplateKind
from firstfive.incident.escalate import people
from firstfive.incident.policy import Policy
from firstfive.settings import Settings

if TYPE_CHECKING:
    from firstfive.engine.telling.routes import Routes

Finding = dict[str, Any]
ROOM = 200 * 1024 * 1024
PROOF_LIVES = timedelta(days=35)
COPY_LIVES = timedelta(hours=26)


def examine(settings: Settings, *, server: tuple[str, int] | None) -> list[Finding]:
    """All findings, in the order in which they should be mended; `server` is the address of the one that runs, None while none does."""
    findings = [_found("settings", settings.file is not None, str(settings.file or "none"), "firstfive init makes one")]
    try:
        handbook = read_handbook(settings)
    except FirstfiveError as problem:
        return [*findings, _found("page", False, problem.what, problem.remedy or "firstfive check tells more")]
    errors = [p for p in handbook.problems if p.level is Level.ERROR]
    findings.append(
        _found(
            "page", not errors, f"{len(handbook.runbooks)} runbooks, {len(errors)} errors", "firstfive check shows them"
        )
    )
    findings += [
        *_people(settings, handbook),
        *_templates(handbook),
        *_mouth(settings),
        *_eyes(settings, handbook),
        *places(settings, handbook),
        *_machine(settings, server),
        *_shell(),
    ]
    return findings


def _found(what: str, ok: bool, found: str, remedy: str) -> Finding:
    return {"what": what, "ok": ok, "found": found, "remedy": "" if ok else remedy}


def _people(settings: Settings, handbook: Handbook) -> list[Finding]:
    """Who would be paged now, contacts that are placeholders, and the hours of the next 14 days in which nobody is on call."""
    from firstfive.app.mouth import rota_of
    from firstfive.engine.clock import SystemClock
    from firstfive.incident.oncall import AHEAD, gaps

    now = SystemClock().now()
    rota, remarks = rota_of(settings, now)
    ladder = people(handbook, Policy(rota=rota, channel=settings.channel), now)
    named = ", then ".join(name for _, name, _ in ladder) or "nobody: every contact of the page is a placeholder"
    found = [
        _found("who is paged", bool(ladder), named, "fill the contacts table of the page; a placeholder pages nobody")
    ]
    blank = ", ".join(contact.role for contact in handbook.contacts if not contact.reachable)
    if blank:
        found.append(_found("contacts", False, f"nobody stands for {blank}", "put a name in place of the placeholder"))
    for schedule in rota:
        holes = gaps(schedule, now, now + AHEAD)
        told = ", ".join(f"{gap.since:%Y-%m-%d %H:%M}" for gap in holes[:3] if gap.since)
        words = (
            f"nobody for {len(holes)} stretches of the next 14 days, from {told} UTC" if holes else "no gap in 14 days"
        )
        found.append(_found(f"on call: {schedule.name}", not holes, words, "fill the gap with a layer or an override"))
    found += [_found("on-call calendar", False, remark, "mend the calendar or its path") for remark in remarks]
    return found


def _templates(handbook: Handbook) -> list[Finding]:
    """Fields of notices that nothing here fills. Not wrong: a person may be meant to, and what nobody says goes out as not known."""
    found = []
    for template in handbook.templates:
        open_ones = unread(template.text) if template.kind is not TemplateKind.CUSTOMER else ()
        if open_ones:
            fields = ", ".join(f"<{words}>" for words in open_ones)
            words = f'nothing fills {fields}: a person does, or it goes out as "{OPEN}"'
            found.append(_found(f"template {template.kind}", True, words, ""))
    return found


def _mouth(settings: Settings) -> list[Finding]:
    """Which notifiers can tell, and which people of the settings none of them reaches."""
    from firstfive.app.mouth import notifiers_of, routes_of
    from firstfive.engine.clock import SystemClock
    from firstfive.incident.safety import plain_name

    working, remarks = notifiers_of(settings, SystemClock().now)
    routes = routes_of(settings, working)
    names = ", ".join(one.name for one in working) or "only the terminal of `firstfive serve`"
    found = [_found("notifiers", True, names, "")]
    found += [
        _found("notifier", False, remark, "set the variable in the environment or the env file") for remark in remarks
    ]
    for person in settings.people.values():
        ways = routes.people.get(plain_name(person.name), ())
        words = ", ".join(way.notifier for way in ways) or "no notifier reaches this person"
        found.append(_found(f"person {person.name}", bool(ways), words, "give an address for a notifier that there is"))
    return [*found, *_proved(settings, routes)]


def _proved(settings: Settings, routes: Routes) -> list[Finding]:
    """Whether somebody ever answered by each way that they are paged: one that nobody proved may reach nobody."""
    from firstfive.engine.clock import SystemClock
    from firstfive.incident.safety import plain_name
    from firstfive.stores import open_journal

    async def read() -> dict[tuple[str, str], datetime | None]:
        journal = open_journal(settings.database, read_only=True)
        try:
            known = await journal.read(lambda tx: tx.all_reached())
        finally:
            await journal.close()
        return {(plain_name(one.person), one.way): one.answered_at for one in known}

    try:
        known = asyncio.run(read()) if settings.people else {}
    except FirstfiveError:
        known = {}
    found: list[Finding] = []
    now = SystemClock().now()
    for person in settings.people.values():
        for way in dict.fromkeys(one.notifier for one in routes.people.get(plain_name(person.name), ())):
            at = known.get((plain_name(person.name), way))
            fresh = at is not None and now - at <= PROOF_LIVES
            words = f"answered {at:%Y-%m-%d}" if at is not None else "never answered"
            remedy = "press the button of the weekly test or of a page"
            remedy += "" if settings.address else "; the test needs listen.address"
            found.append(_found(f"{person.name} by {way}", fresh, words, remedy))
    return found


def _eyes(settings: Settings, handbook: Handbook) -> list[Finding]:
    targets = {name: target_of(name, target, settings) for name, target in settings.targets.items()}
    probes, unwatched = probes_for(settings, handbook, targets, {})
    watched = sum(len(p.symptoms) for p in probes)
    known = f"{watched} watched, {len(unwatched)} not" + (
        "; firstfive explain names each, and why" if unwatched else ""
    )
    found = [_found("symptoms watched", watched > 0, known, "; ".join(unwatched[:5]))]
    for name, log in settings.logs.items():
        found.append(
            _found(
                f"log {name}", log.exists(), str(log), f"the file is not there; mend [logs] {name} or start the program"
            )
        )
    for name, link in settings.deploys.items():
        found.append(
            _found(f"release link {name}", link.is_symlink(), str(link), f"no link is there; mend [deploys] {name}")
        )
    if sockets_of(settings):
        off = "not kept: a prune can take the roll-back away ([docker] pin_images = true keeps it)"
        found.append(_found("the image before", True, "kept by a tag" if settings.pin_images else off, ""))
    return found


def _machine(settings: Settings, server: tuple[str, int] | None) -> list[Finding]:
    free = shutil.disk_usage(_standing(settings.state)).free
    found = [_found("disk", free > ROOM, f"{free // 2**20} MiB free for the journal", "free at least 200 MiB")]
    found.append(_journal(settings))
    found += _nodes(settings)
    found += _copies(settings)
    found += _idle(settings) if server is None else [_found("server", True, f"runs on {server[0]}:{server[1]}", "")]
    fixed = sqlite3.sqlite_version_info >= (3, 51, 3)
    note = "" if fixed else ", which has the WAL-reset bug; harmless here: one process writes with one connection"
    found.append(_found("SQLite", True, f"{sqlite3.sqlite_version}{note}", ""))
    return found


def _journal(settings: Settings) -> Finding:
    from firstfive.stores import open_journal, shown

    scheme, _, path = settings.database.partition(":///")
    if scheme == "sqlite" and not Path(path).exists():
        return _found("journal", True, "none yet; the first incident makes it", "")
    try:
        journal = open_journal(settings.database, read_only=True)
        try:
            broken = list(journal.verify())
        finally:
            asyncio.run(journal.close())
    except FirstfiveError as problem:
        return _found("journal", False, problem.what, problem.remedy)
    remedy = "keep the file, and put back the newest copy that holds: firstfive restore; firstfive verify tells all"
    return _found("journal", not broken, broken[0] if broken else shown(settings.database), remedy)


def _idle(settings: Settings) -> list[Finding]:
    """No server runs: whether one could open its port, and whether incidents are open that nobody looks after."""
    from firstfive.stores import open_journal

    async def read() -> tuple[str, ...]:
        journal = open_journal(settings.database, read_only=True)
        try:
            return await journal.read(lambda tx: tx.incidents(only_open=True))
        finally:
            await journal.close()

    try:
        waiting = asyncio.run(read())
    except FirstfiveError:
        waiting = ()  # none yet, or the row of the journal says why
    words = f"none runs, and {', '.join(waiting[:5])} wait{'s' if len(waiting) == 1 else ''} for one"
    alone = [_found("server", False, words, "start it: firstfive serve")] if waiting else []
    return [*alone, _port(settings)]


def _nodes(settings: Settings) -> list[Finding]:
    """Who writes a journal that several share, what each looks after, and whether all follow one page."""
    if settings.database.startswith("sqlite"):
        return []
    from firstfive.stores import known_nodes

    try:
        known = known_nodes(settings.database)
    except FirstfiveError:
        return []  # the row of the journal says why
    pages = {node.page for node in known if node.alive and node.page}
    return [
        _found(
            f"node {node.boot[:8]}",
            node.alive and len(pages) < 2,
            f"{node.host} process {node.process}, looks after {', '.join(node.looks) or 'nothing'}"
            + ("" if node.alive else f"; not heard since {node.beat:%H:%M:%S} UTC"),
            "give all nodes the same vault"
            if node.alive
            else "start it again, or forget it: it leaves the list after a day",
        )
        for node in known
    ]


def _copies(settings: Settings) -> list[Finding]:
    from firstfive.engine.clock import SystemClock
    from firstfive.stores.backup import newest

    folder = settings.backup.folder
    if folder is None:
        return []
    latest = newest(folder)
    made = datetime.fromtimestamp(latest.stat().st_mtime, UTC) if latest is not None else None
    fresh = made is not None and SystemClock().now() - made <= COPY_LIVES
    words = f"the newest copy is of {made:%Y-%m-%d %H:%M} UTC" if made is not None else f"no copy in {folder} yet"
    return [
        _found("nightly copy", fresh, words, "the server makes one after 02:00 UTC; firstfive backup makes one now")
    ]


def _standing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _port(settings: Settings) -> Finding:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as problem:
            told = problem.strerror or str(problem)
            return _found("port", False, f"{settings.host}:{settings.port}: {told}", "set [listen] port to a free one")
    return _found("port", True, f"{settings.host}:{settings.port} is free", "")


def _shell() -> list[Finding]:
    missing = [tool for tool in ("bash", "env", "setsid", "timeout") if shutil.which(tool) is None]
    return [
        _found(
            "tools",
            not missing,
            "all there" if not missing else f"missing: {', '.join(missing)}",
            "install coreutils, util-linux and bash",
        )
    ]
