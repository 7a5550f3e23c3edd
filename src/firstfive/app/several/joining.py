"""A node joins the others: it takes their clock and their key, and runs what it holds for as long as it holds it.

Called by `program`. It decides nothing: leases are the database's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import Awaitable, Callable
from itertools import zip_longest
from socket import gethostname
from typing import TYPE_CHECKING

from firstfive.engine.clock import SharedClock, SystemClock
from firstfive.errors import FirstfiveError, SettingsError
from firstfive.handbook.model import Handbook
from firstfive.ports import Clock, Journal
from firstfive.settings import Settings
from firstfive.stores.files.key import BYTES, kept_key

if TYPE_CHECKING:
    from firstfive.stores.postgres.nodes import Nodes

LOOK_EVERY = 1.0
MOST_TOLD = 5
ALONE = (
    "answers of chats",
    "daily round",
    "requests of senders",
)  # looked after by one node at a time, beside the probes


def clock_for(nodes: Nodes | None) -> Clock:
    """The database's clock where nodes share one, so that a node whose own clock is an hour off does no harm."""
    return SystemClock() if nodes is None else SharedClock(told=nodes.now)


def key_of(settings: Settings, nodes: Nodes | None, file: str) -> str:
    """What seals links, or signs in: kept in the state folder, or by the database, so that any node takes what another gave.

    Raises OSError or JournalError when it cannot be kept.
    """
    if nodes is None:
        return kept_key(settings.state, file)
    return nodes.secret(file, lambda: secrets.token_urlsafe(BYTES).encode()).decode()


def runs_of(nodes: Nodes | None) -> str:
    """The name of the run journal that all nodes keep on a host, whichever way each writes the database's address; empty when alone."""
    if nodes is None:
        return ""
    return nodes.secret("run journal", f"runs-{secrets.token_hex(6)}".encode).decode()


def refuse_apart(settings: Settings, nodes: Nodes | None) -> None:
    """Raise SettingsError when a target that is "this machine" would be another machine on another node.

    A step that one node began on its own machine can only be taken over there: its run journal lies on that disk.
    """
    if nodes is None:
        return
    mine = tuple(sorted(name for name, target in settings.targets.items() if target.kind == "local"))
    nodes.show(local=bool(mine))
    here = gethostname()
    for other in nodes.all():
        if other.alive and other.host != here and (mine or other.local):
            whose = (
                f"targets.{mine[0]} is this machine ({here})" if mine else f"{other.host} has a target that is itself"
            )
            raise SettingsError(
                f"{whose}, and node {other.boot[:8]} runs on {other.host}: a step would run on the wrong machine",
                where=str(settings.file or ""),
                remedy='name the machine for all nodes: kind = "ssh", host = "NAME"',
            )


def holder(nodes: Nodes | None) -> Callable[[str], bool]:
    """Whether this node looks after a name now."""
    return (lambda _: True) if nodes is None else nodes.holds


async def take_share(
    nodes: Nodes | None, handbook: Handbook, probes: tuple[str, ...], log: Callable[[str], None], journal: Journal
) -> None:
    """Say which page this node follows and take its share of what is to be looked after.

    Says so when another follows another page, and what differs: where two vaults differ, each declares and looks by its own.
    """
    if nodes is None:
        return
    page = handbook.digest
    try:
        await asyncio.to_thread(nodes.show, page=page)
        await asyncio.to_thread(nodes.want, (*probes, *ALONE))
        others = await asyncio.to_thread(nodes.all)
    except FirstfiveError as problem:
        log(f"nodes: {problem}")
        return
    for other in others:
        if other.alive and other.page and other.page != page:
            differs = await _difference(handbook, journal, other.page)
            log(f"node {other.boot[:8]} on {other.host} follows another page{differs}; give all nodes the same vault")


async def _difference(mine: Handbook, journal: Journal, digest: str) -> str:
    """Where the pages of that digest differ from ours, as a part of a sentence; nothing when they cannot be read."""
    kept = None
    with contextlib.suppress(FirstfiveError):
        kept = await journal.read(lambda tx: tx.handbook(digest))
    if kept is None:
        return ""
    theirs: dict[str, str] = json.loads(kept)
    ours = {source.path: source.text for source in mine.sources}
    found = [f"{path} is only {'here' if path in ours else 'there'}" for path in sorted(ours.keys() ^ theirs.keys())]
    for path in sorted(ours.keys() & theirs.keys()):
        pairs = zip_longest(ours[path].splitlines(), theirs[path].splitlines())
        line = next((number for number, (one, other) in enumerate(pairs, 1) if one != other), 0)
        found += [f"{path} from line {line} on"] if line else []
    more = f", and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
    return f" ({', '.join(found[:MOST_TOLD])}{more})" if found else ""


def mixed(nodes: Nodes | None) -> bool:
    """Whether nodes of more than one version were alive at the last beat."""
    return nodes is not None and len(nodes.versions) > 1


async def fall_behind(nodes: Nodes | None, newer: tuple[str, ...], log: Callable[[str], None]) -> None:
    """Say whether open incidents hold what only a newer version can read. Then newer nodes look after everything, while there is one."""
    if nodes is None or nodes.behind == bool(newer):
        return
    if newer:
        log(f"{newer[0]} holds what only a newer version can read; this node leaves it, and its looks, to a newer one")
    try:
        await asyncio.to_thread(nodes.show, behind=bool(newer))
    except FirstfiveError as problem:
        log(f"nodes: {problem}")


async def while_held(
    nodes: Nodes | None, name: str, run: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event
) -> None:
    """Run it until `stop`, but only while this node looks after `name`."""
    if nodes is None:
        await run(stop)
        return
    while not stop.is_set():
        if nodes.holds(name):
            turned = asyncio.Event()
            going = asyncio.ensure_future(run(turned))
            while not stop.is_set() and nodes.holds(name) and not going.done():
                await _rest(stop)
            turned.set()
            await going
        else:
            await _rest(stop)


async def _rest(stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), LOOK_EVERY)
