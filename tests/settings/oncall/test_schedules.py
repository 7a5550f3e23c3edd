"""The tables [oncall.NAME] and [people.NAME]: what is read, and how each slip is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from firstfive.errors import SettingsError
from firstfive.incident.oncall import Layer, OnCall, Override, Person, Rotation, Unit, Window, who
from firstfive.settings import HolidaySettings, PersonSettings, Settings, load
from firstfive.settings.people import known_as

SMALL = """
[oncall.primary]
people = ["ann", "bob", "cy"]
zone = "Europe/Berlin"
from = 2026-01-05
"""


def loaded(folder: Path, text: str) -> Settings:
    file = folder / "firstfive.toml"
    file.write_text(text)
    return load(config=file)


def test_a_team_of_three_writes_four_lines(tmp_path: Path) -> None:
    [found] = loaded(tmp_path, SMALL).oncall
    assert len(SMALL.strip().splitlines()) == 4
    turn = Rotation(
        members=(Person(name="ann"), Person(name="bob"), Person(name="cy")),
        unit=Unit.WEEK,
        zone=ZoneInfo("Europe/Berlin"),
        anchor=date(2026, 1, 5),
        hand_off=time(9),
    )
    assert found.schedule.layers == (Layer(name="primary", rotation=turn),)
    assert found.schedule.name == "primary"
    answer = who(found.schedule, datetime(2026, 1, 13, tzinfo=UTC))
    assert isinstance(answer, OnCall)
    assert answer.person.name == "bob"


def test_everything_that_can_be_written(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        """
        [people.ann]
        aliases = ["Ann Lee", "@ann"]
        email = "ann@example.org"
        matrix = "@ann:example.org"
        [people.bob]
        [oncall.backup]
        zone = "America/New_York"
        calendar = "rota/backup.ics"
        [[oncall.backup.layers]]
        name = "days"
        people = ["Ann lee", "bob"]
        from = 2026-01-05
        every = "2 weeks"
        hand_off = 08:30:00
        only = ["Mon-Fri 09:00-17:00"]
        [[oncall.backup.layers]]
        people = ["bob"]
        from = 2026-01-05
        zone = "Asia/Tehran"
        every = "12 hours"
        begins = 2026-02-01T00:00:00Z
        ends = 2026-03-01
        [[oncall.backup.overrides]]
        person = "ann@example.org"
        start = 2026-03-08T02:30:00
        end = 2026-03-08T18:00:00+01:00
        note = "dentist"
        """,
    )
    ann = PersonSettings(name="ann", aliases=("Ann Lee", "@ann"), email="ann@example.org", matrix="@ann:example.org")
    assert settings.people == {"ann": ann, "bob": PersonSettings(name="bob")}
    [found] = settings.oncall
    days, nights = found.schedule.layers
    assert [person.name for person in days.rotation.members] == ["ann", "bob"]
    assert (days.name, days.rotation.every, days.rotation.unit, days.rotation.hand_off) == (
        "days",
        2,
        Unit.WEEK,
        time(8, 30),
    )
    assert days.windows == (Window(days=frozenset(range(5)), start=time(9), lasts=timedelta(hours=8)),)
    assert (nights.name, nights.rotation.zone, nights.rotation.every) == ("2", ZoneInfo("Asia/Tehran"), 12)
    assert (nights.begins, nights.ends) == (
        datetime(2026, 2, 1, tzinfo=UTC),
        datetime(2026, 2, 28, 20, 30, tzinfo=UTC),
    )
    assert found.schedule.overrides == (
        Override(
            person=Person(name="ann"),
            start=datetime(2026, 3, 8, 7, tzinfo=UTC),
            end=datetime(2026, 3, 8, 17, tzinfo=UTC),
            note="dentist",
        ),
    )
    assert found.calendar == tmp_path / "rota" / "backup.ics"


FLAT = 'people = ["ann"]\nzone = "UTC"\nfrom = 2026-01-05\n'
SWAP = "[[oncall.a.overrides]]\n"


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("oncall = 1", "oncall is a table", "[oncall]"),
        ("[oncall]\na = 1", "oncall.a is a table", "[oncall.a]"),
        ("[oncall.a]", "oncall.a names nobody", "people ="),
        ("[oncall.a]\npeople = []\nzone = 'UTC'\nfrom = 2026-01-05", "oncall.a names nobody", "people ="),
        ("[oncall.a]\npeeple = ['ann']", "there is no setting [oncall.a] peeple", "people"),
        ("[oncall.a]\npeople = ['ann']\nfrom = 2026-01-05", "oncall.a has no zone", "zone ="),
        ("[oncall.a]\npeople = ['ann']\nzone = 'Berlin'", "'Berlin' is not a time zone", "Europe/Berlin"),
        ("[oncall.a]\npeople = ['ann']\nzone = '../etc'", "is not a time zone", "Europe/Berlin"),
        ("[oncall.a]\npeople = ['ann']\nzone = 'UTC'", "oncall.a needs from", "2026-01-05"),
        ("[oncall.a]\npeople = ['ann']\nzone = 'UTC'\nfrom = '2026-01-05'", "oncall.a needs from", "without quotes"),
        (f"[oncall.a]\n{FLAT}every = 'fortnight'", "'fortnight' is no period", '"2 weeks"'),
        (f"[oncall.a]\n{FLAT}every = '0 days'", "'0 days' is no period", '"2 weeks"'),
        (f"[oncall.a]\n{FLAT}hand_off = '9'", "hand_off is a time of day", '"09:00"'),
        (f"[oncall.a]\n{FLAT}only = ['weekdays']", "'weekdays' is no part of a week", "Mon-Fri"),
        (f"[oncall.a]\n{FLAT}only = 'Mon'", "only is a list of texts", "only ="),
        (f"[oncall.a]\n{FLAT}ends = 'soon'", "oncall.a.ends is a date and a time", "without quotes"),
        (f"[oncall.a]\n{FLAT}ends = 9999-12-31T23:00:00-05:00", "oncall.a.ends is in the year 9999", "leave it out"),
        ("[oncall.a]\npeople = ['ann']\nzone = 'UTC'\nfrom = 0001-01-01", "oncall.a needs from", "2026-01-05"),
        (f"[oncall.a]\n{FLAT}layers = 1", "oncall.a.layers is a list of tables", "[[oncall.a.layers]]"),
        (f"[oncall.a]\n{FLAT}{SWAP}person = 'ann'", "oncall.a.overrides needs start", "write start"),
        (
            f"[oncall.a]\n{FLAT}{SWAP}person = 'ann'\nstart = 2026-01-02\nend = 2026-01-01",
            "oncall.a.overrides ends before it starts",
            "after",
        ),
        ("[oncall.a]\ncalendar = 'a.ics'", "oncall.a.calendar needs to know who there is", "[people.NAME]"),
        ("[people]\nann = 1", "people.ann is a table", "[people.ann]"),
        ("[people.ann]\nphone = '1'", "there is no setting [people.ann] phone", "matrix"),
        ("[people.ann]\n[people.bob]\naliases = ['ANN']", "ann and bob are both called 'ann'", "[people.ann]"),
        ("[holidays]\nstate = 'BE'", "there is no setting [holidays] state", "subdivision"),
        (
            "[people.a]\n[oncall.a]\ncalendar = 'a.ics'\n[[oncall.a.overrides]]\nperson = 'a'\nstart = 2026-01-01\nend = 2026-01-02",
            "oncall.a.overrides.start has no offset",
            "zone =",
        ),
    ],
)
def test_a_slip_is_refused_with_its_place_and_remedy(tmp_path: Path, text: str, what: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as refused:
        loaded(tmp_path, text)
    assert what in refused.value.what
    assert remedy in refused.value.remedy
    assert refused.value.where == str(tmp_path / "firstfive.toml")


def test_a_person_is_known_by_every_name(tmp_path: Path) -> None:
    people = loaded(tmp_path, "[people.ann]\naliases = ['Ann Lee']\nemail = 'a@x.org'").people
    for name in ("ann", "ANN", "@ann", " Ann Lee ", "A@x.org"):
        assert known_as(name, people) is people["ann"], name
    assert known_as("annie", people) is None
    assert known_as("", people) is None


def test_holidays_are_read(tmp_path: Path) -> None:
    found = loaded(tmp_path, "[holidays]\ncountry = 'DE'\nsubdivision = 'BE'").holidays
    assert found == HolidaySettings(country="DE", subdivision="BE")
