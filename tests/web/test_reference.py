"""The reference names every route there is."""

from __future__ import annotations

from pathlib import Path

from starlette.routing import Route

from firstfive.engine import requests
from firstfive.web.accounts.entrance import Entrance
from firstfive.web.app import build
from web.client import KEY, PORT
from web.past import Archive
from web.public.said import Said
from web.room import Room

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "http.md"


def test_every_route_stands_in_the_reference() -> None:
    text, room = REFERENCE.read_text(), Room()
    way_in = Entrance(state=Path("unused"), clock=room.clock, port=PORT)
    app = build(room, key=KEY, host="127.0.0.1", port=PORT, status_page=Said(), past_of=Archive(), entrance=way_in)
    for route in app.routes:
        assert isinstance(route, Route)
        verb = route.path.rpartition("/")[2]
        form = route.path.startswith("/incidents/{id}/") and verb in requests.VERBS
        path = "/incidents/{id}/VERB" if form else route.path.replace("{name}", "...")
        for method in (route.methods or set()) - {"HEAD"}:
            assert f"{method} {path}`" in text or path == "/static/...", f"{method} {route.path}"


def test_every_field_of_every_verb_stands_beside_it() -> None:
    rows = {
        line.split("`")[1].rpartition("/")[2]: line for line in REFERENCE.read_text().splitlines() if "{id}/" in line
    }
    for verb, (fields, _) in requests.VERBS.items():
        assert [name for name in fields if f"`{name}`" not in rows[verb]] == []
