"""`firstfive oncall` and `firstfive oncall-import`, at the real front door."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import icalendar
import pytest

from cli.door import Ask

ROTA = """
[people.ann]
aliases = ["Ann Lee"]
[people.bob]
[oncall.primary]
people = ["ann", "bob"]
zone = "Europe/Berlin"
from = 2026-01-05
[oncall.backup]
people = ["cy"]
zone = "UTC"
from = 2026-01-05
only = ["Mon-Fri 09:00-17:00"]
"""
AT = ("--at", "2026-01-09T13:00+01:00")


@pytest.fixture
def rota(vault: Path) -> Path:
    (vault / "rota.toml").write_text(ROTA)
    return vault / "rota.toml"


def test_it_says_who_until_when_who_is_next_and_where_nobody_is(ask: Ask, rota: Path) -> None:
    said = ask("oncall", *AT, "--config", str(rota))
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[:3] == [
        "primary: ann, until Mon 2026-01-12 08:00 UTC",
        "  layer primary: turn 1 of 2, every week on Monday at 09:00 Europe/Berlin",
        "  next: bob, until Mon 2026-01-19 08:00 UTC, from Mon 2026-01-12 08:00 UTC",
    ]
    assert "backup: cy, until Fri 2026-01-09 17:00 UTC" in lines
    assert "  NOBODY from Fri 2026-01-09 17:00 UTC to Mon 2026-01-12 09:00 UTC" in lines
    assert lines[-1] == "note: cy has no table [people.cy], so nobody can reach them"


def test_the_same_as_json(ask: Ask, rota: Path) -> None:
    told = ask("oncall", *AT, "--config", str(rota), "--json").json
    primary, backup = told["schedules"]
    assert told["at"] == "2026-01-09T12:00:00+00:00"
    assert (primary["now"]["person"], primary["next"]["person"], primary["gaps"]) == ("ann", "bob", [])
    assert backup["gaps"][0]["person"] is None
    assert len(told["notes"]) == 1


def test_without_a_time_it_is_now(ask: Ask, rota: Path) -> None:
    told = ask("oncall", "--config", str(rota), "--json").json
    assert told["schedules"][0]["now"]["since"] <= told["at"] < told["schedules"][0]["now"]["until"]


def test_without_a_schedule_it_says_how_to_write_one(ask: Ask, vault: Path) -> None:
    said = ask("oncall")
    assert (said.code, "[oncall.primary]" in said.out) == (0, True)


@pytest.mark.parametrize(
    ("more", "names"), [((), {"ann", "bob", "cy"}), (("--person", "Ann Lee"), {"ann"}), (("--person", "cy"), {"cy"})]
)
def test_the_calendar_is_one_that_others_read(ask: Ask, rota: Path, more: tuple[str, ...], names: set[str]) -> None:
    said = ask("oncall", *AT, "--ical", *more, "--config", str(rota))
    events = icalendar.Calendar.from_ical(said.out).walk("VEVENT")
    assert {str(event["SUMMARY"]).split()[0] for event in events} == names
    as_json = ask("oncall", *AT, "--ical", *more, "--config", str(rota), "--json").json
    assert as_json["calendar"].endswith("END:VCALENDAR\r\n")


def test_a_calendar_of_another_program_is_taken(ask: Ask, vault: Path) -> None:
    event = ["BEGIN:VEVENT", "UID:1", "SUMMARY:Ann Lee", "DTSTART:20260109T080000Z", "DTEND:20260110T080000Z"]
    other = ["END:VEVENT", "BEGIN:VEVENT", "UID:2", "SUMMARY:party", "DTSTART:20260109T080000Z"]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *event, *other, "DURATION:PT1H", "END:VEVENT"]
    (vault / "rota.ics").write_text("\r\n".join([*lines, "END:VCALENDAR", ""]))
    (vault / "rota.toml").write_text('[people.ann]\naliases = ["Ann Lee"]\n[oncall.p]\ncalendar = "rota.ics"\n')
    said = ask("oncall", *AT, "--config", "rota.toml", "--json")
    assert said.json["schedules"][0]["now"]["person"] == "ann"
    assert said.json["notes"] == ["rota.ics: 'party' on 2026-01-09 08:00:00+00:00: it names nobody of [people]"]
    written = ask("oncall", *AT, "--ical", "--config", "rota.toml")
    assert "note: rota.ics: 'party'" in written.err


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--at", "tomorrow"), "--at 'tomorrow' is no time"),
        (("--at", "0001-01-01T00:00+14:00"), "is no time of the years 1970 to 2199"),
        (("--at", "9999-12-31T23:59-14:00"), "is no time of the years 1970 to 2199"),
        (("--person", "ann"), "--person belongs to --ical"),
        (("--ical", "--person", "zoe"), "zoe is in no schedule"),
    ],
)
def test_a_slip_is_a_usage_error(ask: Ask, rota: Path, words: tuple[str, ...], what: str) -> None:
    said = ask("oncall", *words, "--config", str(rota))
    assert said.code == 2
    assert what in said.err
    assert "help:" in said.err


def test_an_import_prints_tables_that_load(ask: Ask, vault: Path) -> None:
    layer = {
        "name": "All",
        "rotation_virtual_start": "2026-01-05T09:00:00+01:00",
        "rotation_turn_length_seconds": 604800,
        "users": [{"user": {"summary": "Ann Lee"}}, {"user": {"summary": "Bob"}}],
        "restrictions": [],
    }
    odd = {**layer, "name": "Odd", "users": []}
    row = {"name": "Primary", "time_zone": "Europe/Berlin", "schedule_layers": [odd, layer]}
    (vault / "export.json").write_text(json.dumps({"schedule": row}))
    said = ask("oncall-import", "export.json")
    assert said.code == 0
    assert "# Not carried over: layer Odd of primary: it names nobody" in said.out
    (vault / "rota.toml").write_text(said.out)
    assert tomllib.loads(said.out)["oncall"]["primary"]["people"] == ["Ann Lee", "Bob"]
    assert ask("oncall", *AT, "--config", "rota.toml").out.startswith("primary: Ann Lee, until Mon 2026-01-12")
    told = ask("oncall-import", "export.json", "--json").json
    assert (told["source"], told["schedules"], len(told["left"])) == ("PagerDuty", ["primary"], 1)
