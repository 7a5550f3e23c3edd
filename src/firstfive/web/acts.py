"""Sealed links from messages: opening one shows what it would do, its button does it, once.

Its routes are joined by `app`. Needs no key, since the address itself proves who it was made for; a machine that only follows links
changes nothing.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstfive.engine.telling.links import ACK, REACH, Link, act_of, spent
from firstfive.errors import Exit, FirstfiveError, Refused
from firstfive.web import paper
from firstfive.web.accounts.approving import by_link, may
from firstfive.web.engine_face import Room, found, room_of, seen
from firstfive.web.gate import from_our_pages
from firstfive.web.problems import status_of


def routes() -> list[Route]:
    """Showing and acting are the same address."""
    return [Route("/act/{token}", show), Route("/act/{token}", act, methods=["POST"])]


async def show(request: Request) -> Response:
    """What pressing the button would do, with the exact command where there is one. Changes nothing."""
    room = room_of(request)
    try:
        link = room.links.open(request.path_params["token"], room.clock.now())
    except Refused as refused:
        return _told(refused)
    return await _page(room, link, done="", refused=None) if link.act != REACH else _reach(link, done="")


async def act(request: Request) -> Response:
    """Do it, if there is still something to do."""
    room = room_of(request)
    try:
        link = room.links.open(request.path_params["token"], room.clock.now())
    except Refused as refused:
        return _told(refused)
    if link.act not in (REACH, ACK) and not from_our_pages(request.headers):
        return _told(_unseen())
    if link.act in (REACH, ACK) and link.run:
        await room.reached(link.by, link.run)
    if link.act == REACH:
        return _reach(link, done="Thank you. Messages reach you here.")
    state = await found(room, link.incident)
    over = spent(link, state)
    if over:
        return await _page(room, link, done="", refused=None)
    try:
        by_link(request, link.by)
        may(request, link.act, link.run, lambda: seen(room, state))
        await room.say(link.incident, link.by, act_of(link))
    except FirstfiveError as problem:
        if status_of(problem) >= 500:
            raise
        return await _page(room, link, done="", refused=problem)
    return await _page(room, link, done="Done.", refused=None)


def _unseen() -> Refused:
    """A yes or no to a command is given on the page that shows it; taking an incident may also be one tap on a phone."""
    return Refused(
        "this says yes or no to a command without having shown it, so nothing was done",
        remedy="open the link and press the button below the command",
        exit_code=Exit.NOT_AUTHORISED,
    )


def _told(refused: Refused) -> Response:
    values = {"refused": refused, "link": None, "v": None, "row": None, "over": "", "done": ""}
    status = 403 if refused.exit_code is Exit.NOT_AUTHORISED else status_of(refused)
    return paper.page("act.html", values, status=status)


def _reach(link: Link, *, done: str) -> Response:
    return paper.page("reach.html", {"link": link, "done": done})


async def _page(room: Room, link: Link, *, done: str, refused: FirstfiveError | None) -> Response:
    state = await found(room, link.incident)
    shown = seen(room, state)
    waiting = shown["waiting"]
    rows = [row for row in waiting if row["run"] == link.run] if isinstance(waiting, list) else []
    values = {
        "link": link,
        "v": shown,
        "row": rows[0] if rows else None,
        "over": spent(link, state),
        "done": done,
        "refused": refused,
    }
    return paper.page("act.html", values, status=status_of(refused) if refused else 200)
