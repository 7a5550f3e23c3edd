"""What a phone has to fetch stays small, and what is vendored is what its maker published."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import firstfive.web
from documents.story import AFTERWARDS, OPENING, WHOLE
from firstfive.incident import events as ev
from web.client import COOKIE, app_of, ask, get
from web.public.said import CHECKOUT, PAST, Said, note
from web.room import Room

WEB = Path(firstfive.web.__file__).parent
STATIC = WEB / "static"
KIB = 1024


def packed(data: bytes) -> int:
    return len(gzip.compress(data, 9))


def test_vendored_files_are_the_ones_in_the_list_and_nothing_else_is_minified() -> None:
    listed = json.loads((STATIC / "vendored.json").read_text())
    for name, told in listed.items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == told["sha256"], name
    assert {path.name for path in STATIC.glob("*.min.*")} <= set(listed)


def test_scripts_stay_under_twenty_one_kibibytes_and_ours_under_three() -> None:
    # The last of them for the dead server: every runbook is kept, a copy looks for the server, and a lost press is said.
    assert sum(packed(path.read_bytes()) for path in STATIC.glob("*.js")) <= 21 * KIB
    assert (STATIC / "room.js").stat().st_size < 3 * KIB


def test_a_room_with_all_it_needs_stays_under_forty_kibibytes() -> None:
    room = Room()
    talk = tuple((100.0 + n, "ana", ev.Noted(text=f"note {n}: load is {n * 7 % 13}.{n}")) for n in range(200))
    room.tell("INC-1", (*WHOLE[:-1], *talk))
    app = app_of(room)
    page = ask(app, "GET", "/incidents/INC-1", headers={"Cookie": COOKIE, "Accept-Encoding": "gzip"})
    assert page.headers["content-encoding"] == "gzip"
    addresses = re.findall(r'"(/static/[^"]+)"', gzip.decompress(page.body).decode())
    files = [ask(app, "GET", address, headers={"Accept-Encoding": "gzip"}) for address in addresses]
    assert len(files) == 8
    assert len(page.body) + sum(len(file.body) for file in files) <= 40 * KIB


def test_the_status_page_stays_under_fifteen_kibibytes_after_a_year_and_asks_for_no_file() -> None:
    talk = tuple(note(CHECKOUT.status, f"We are applying a fix to checkout, part {n}.", n) for n in range(40))
    year = tuple(replace(PAST, id=f"{n:012x}") for n in range(1, 60))
    page = asyncio.run(Said(incidents=(replace(CHECKOUT, notes=talk), *year)).files())["index.html"]
    assert len(page) > 10 * KIB, "there is something on it"
    assert packed(page) <= 15 * KIB
    assert not re.findall(rb"<script|<link[^>]+stylesheet|<img|url\(|@import", page)


def test_files_are_kept_under_the_address_of_their_digest_and_checked_again_under_any_other() -> None:
    app = app_of(Room())
    address = re.findall(r'"(/static/room.css[^"]+)"', get(app, "/").text)[0]
    pinned, loose = ask(app, "GET", address), ask(app, "GET", "/static/room.css?v=0")
    assert "immutable" in pinned.headers["cache-control"]
    assert loose.headers["cache-control"] == "no-cache"
    again = ask(app, "GET", "/static/room.css", headers={"If-None-Match": pinned.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


def test_only_listed_kinds_of_file_are_served() -> None:
    app = app_of(Room())
    for name in ("vendored.json", "..%2fapp.py", "../app.py", "nothing.js"):
        assert ask(app, "GET", f"/static/{name}").status in (401, 404), name


def test_nothing_on_a_page_or_in_a_style_points_elsewhere() -> None:
    room = Room()
    room.tell("INC-1", OPENING)
    room.tell("INC-2", (*WHOLE, *AFTERWARDS))
    app = app_of(room)
    for path in ("/", "/incidents/INC-1", "/incidents/INC-2", "/handbook"):
        assert not re.findall(
            r'(?:src|href|action|hx-[a-z:]+)="(?!/|#|this|outerMorph|none|entry|change)[^"]*"', get(app, path).text
        )
    assert not re.findall(r"url\(|@import", (STATIC / "room.css").read_text())


def test_no_template_switches_escaping_off_or_writes_style_or_script_inline() -> None:
    for template in (WEB / "templates").glob("*.html"):
        text = template.read_text()
        assert not re.findall(r"\|\s*safe\b|autoescape|style=|\son[a-z]+=|hx-on|<style|<script(?! src)", text), template
