"""Numbers over incidents: what is measured from where to where, what stays unknown, and how it is shown."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from documents.story import CHANGE, OPENING, WHOLE
from firstfive.documents.metrics import (
    DEFINITIONS,
    Figures,
    MetricRow,
    OwnState,
    as_csv,
    as_json,
    dot_plot,
    exposition,
    incident_families,
    own_families,
    row_of,
    span,
    summarise,
    table,
)
from firstfive.incident import events as ev
from incident import builders as b

MIN = timedelta(minutes=1)
S = timedelta(seconds=1)
EVERY = 15 * MIN


def row(*lines: b.Line, **more: object) -> MetricRow:
    made = row_of(b.incident(*lines), interval=EVERY, **more)  # type: ignore[arg-type]
    assert made is not None
    return made


def test_one_whole_incident_is_measured() -> None:
    seen = row(*WHOLE)
    first = b.incident(*WHOLE).started_at
    assert first is not None
    assert seen == MetricRow(
        id="INC-1",
        source="INC-1",
        level=1,
        runbook="down",
        began=first,
        ttd=None,
        tta=33 * S,
        ttm=b.seconds(66) - first,
        ttr=b.seconds(700) - first,
        rolled_back=True,
    )
    assert seen.month == "2026-11"


def test_a_start_that_a_person_wrote_down_counts_for_all_but_the_acknowledgement() -> None:
    plain = row(*WHOLE)
    told = row(*WHOLE, impact_began=plain.began - 5 * MIN)
    assert told.ttd == 5 * MIN
    assert plain.ttm is not None
    assert told.ttm == plain.ttm + 5 * MIN
    assert told.tta == plain.tta
    assert row(*WHOLE, impact_began=plain.began + MIN).ttd is None, "it cannot begin after it was seen"


@pytest.mark.parametrize(
    ("lines", "unknown", "why"),
    [
        (OPENING, {"ttd", "ttm", "ttr"}, "neither mitigated nor over"),
        ((*OPENING, *CHANGE), {"ttd", "ttm", "ttr"}, "a change alone mitigates nothing"),
        (
            ((3, b.declared()), (40, "ana", ev.Acknowledged(responder="ana"))),
            {"ttd", "tta", "ttm", "ttr"},
            "never paged",
        ),
        (
            (
                (3, b.declared()),
                (4, "ana", ev.Acknowledged(responder="ana")),
                (9, ev.Paged(number=1, role="x", contact="y", channel="z", why="w")),
            ),
            {"ttd", "tta", "ttm", "ttr"},
            "taken before anybody was paged",
        ),
    ],
)
def test_what_the_timeline_does_not_hold_is_unknown_and_not_nothing(lines: object, unknown: set[str], why: str) -> None:
    seen = row(*lines)  # type: ignore[misc]
    assert {key for key in DEFINITIONS if seen.span(key) is None} == unknown, why


def test_what_was_never_declared_is_no_row() -> None:
    assert row_of(b.incident(), interval=EVERY) is None


def notice(minute: float, kind: str = "update") -> b.Line:
    return (minute * 60, ev.NoticeSent(kind=kind, number=1, channel="#x", text="t"))


OVER = (3600, ev.Resolved(why="well", root_cause=""))


@pytest.mark.parametrize(
    ("lines", "due", "kept", "why"),
    [
        ((notice(0, "initial"), notice(15), notice(30.5), notice(45.6), OVER), 3, 3, "each within a minute"),
        ((notice(0, "initial"), notice(15), notice(40), notice(55), OVER), 3, 2, "one came ten minutes late"),
        ((notice(0, "initial"), OVER), 1, 0, "nothing was said after the first notice"),
        (
            (notice(0, "initial"), notice(5), notice(12), (780, ev.Resolved(why="", root_cause=""))),
            0,
            0,
            "early, and over",
        ),
        ((notice(0, "initial"), notice(50), OVER), 1, 0, "one promise ran out once, however long it was late"),
    ],
)
def test_updates_are_held_against_their_promise(lines: tuple[b.Line, ...], due: int, kept: int, why: str) -> None:
    seen = row((0, b.declared()), *lines)
    assert (seen.updates_due, seen.updates_on_time) == (due, kept), why


def many(*minutes: float, **more: object) -> list[MetricRow]:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        replace(
            MetricRow(id=f"INC-{n}", source=f"INC-{n}", level=1, runbook="down", began=began + n * MIN, ttr=m * MIN),
            **more,  # type: ignore[arg-type]
        )
        for n, m in enumerate(minutes, 1)
    ]


@pytest.mark.parametrize(
    ("minutes", "median", "p90", "why"),
    [
        ((5,), 5, 5, "one value is both"),
        ((9, 1), 5, 9, "the mean of the two in the middle"),
        ((1, 2, 90), 2, 90, "one long one does not move the middle"),
        (tuple(range(1, 11)), 5.5, 9, "the ninth of ten"),
        (tuple(range(1, 21)), 10.5, 18, "the eighteenth of twenty"),
    ],
)
def test_median_and_p90_are_as_defined(minutes: tuple[float, ...], median: float, p90: float, why: str) -> None:
    (group,) = summarise(many(*minutes), by="severity")
    one = group.spans["ttr"]
    assert (one.median, one.p90, one.n) == (median * MIN, p90 * MIN, len(minutes)), why


def test_of_nothing_nothing_is_said() -> None:
    empty = Figures(dots=(), unknown=3)
    assert (empty.median, empty.p90, empty.n) == (None, None, 0)
    assert table((), by="month") == "No incident to count; drills are left out."


def test_rows_are_grouped_without_drills_and_unknown_comes_last() -> None:
    rows = [*many(1, 2), *many(3, level=2, runbook=""), *many(4, drill=True), *many(5, level=0, runbook="a")]
    assert [(g.key, len(g.rows)) for g in summarise(rows, by="severity")] == [
        ("SEV-1", 2),
        ("SEV-2", 1),
        ("unknown", 1),
    ]
    assert [g.key for g in summarise(rows, by="runbook")] == ["a", "down", "unknown"]
    assert [g.key for g in summarise(rows, by="month")] == ["2026-01"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (42, "42 s"),
        (60, "1 min"),
        (425, "7 min 5 s"),
        (3600, "1 h"),
        (11520, "3 h 12 min"),
        (187200, "2 d 4 h"),
    ],
)
def test_a_span_is_said_in_two_units_at_most(seconds: int, said: str) -> None:
    assert span(seconds * S) == said


def test_the_table_gives_each_number_its_definition_and_its_count() -> None:
    text = table(
        summarise([*many(3, 1), *many(9, level=2, rolled_back=True, updates_due=2, updates_on_time=1)], by="severity"),
        by="severity",
    )
    assert "Time to resolve (TTR): start of the impact" in text
    assert "  SEV-1       2        0  2 min          3 min          1 min, 3 min\n" in text
    assert "  SEV-1       0        2  —              —\n" in text
    assert "  SEV-2     1 of 2 updates, 1 of 1 rolled back\n" in text
    assert "p90: the nearest rank" in text
    assert "mean:" not in text


def test_json_and_csv_keep_unknown_apart_from_nothing() -> None:
    rows = [*many(0), *many(1, ttr=None, source="=cmd()", drill=False)]
    told = json.loads(json.dumps(as_json(summarise(rows, by="month"), by="month")))
    assert told["groups"][0]["spans"]["ttr"] == {"n": 1, "unknown": 1, "median": 0.0, "p90": 0.0, "each": [0.0]}
    assert set(told["definitions"]) == {*DEFINITIONS, "median", "p90", "updates"}
    lines = list(csv.DictReader(io.StringIO(as_csv([*rows, *many(7, drill=True)]))))
    assert [line["ttr"] for line in lines] == ["0.0", ""]
    assert lines[1]["source"] == "'=cmd()", "no cell is a formula"


def test_the_plot_says_in_words_what_it_draws() -> None:
    groups = summarise([*many(3, 1, 90), *many(9, level=2, runbook="<b>&")], by="runbook")
    drawn = ElementTree.fromstring(dot_plot(groups, span_key="ttr", chart_id='x"y'))
    svg = "{http://www.w3.org/2000/svg}"
    assert len(drawn.findall(f"{svg}circle")) == 4
    assert drawn.attrib["role"] == "img"
    assert drawn.findtext(f"{svg}title") == "Time to resolve"
    assert "down: 3 known, 0 unknown, median 3 min, p90 1 h 30 min, longest 1 h 30 min" in (
        drawn.findtext(f"{svg}desc") or ""
    )
    named = {node.attrib["id"] for node in drawn.iter() if "id" in node.attrib}
    assert set(drawn.attrib["aria-labelledby"].split()) == named
    assert not {node.tag.removeprefix(svg) for node in drawn.iter()} & {"script", "style"}
    assert all(0 <= float(c.attrib["cx"]) <= 720 for c in drawn.findall(f"{svg}circle"))


def test_a_plot_of_nothing_is_a_plot() -> None:
    assert "No incident" in dot_plot((), span_key="ttd")
    ElementTree.fromstring(dot_plot(summarise(many(0), by="month"), span_key="ttr"))


FULL = OwnState(
    cycle=0.25,
    watchdog=datetime(2026, 11, 23, 3, 0, tzinfo=UTC),
    oldest_notice=0,
    update_overdue=61.5,
    open_incidents={1: 2},
    waiting=1,
    notified={("mail", "sent"): 3, ('a"b\\c\nd', "gave up"): 1},
    step_runs={"met": 4},
    head=99,
    page_compiles=False,
)


def test_the_exposition_is_what_prometheus_reads() -> None:
    families = (*own_families(FULL), *incident_families([*many(1, 2), *many(3, level=0, rolled_back=True)]))
    text = exposition(families)
    for line in (
        "# TYPE firstfive_engine_cycle_seconds gauge",
        "firstfive_engine_cycle_seconds 0.25",
        "firstfive_watchdog_last_seen 1795402800",
        'firstfive_notify_total{channel="a\\"b\\\\c\\nd",result="gave up"} 1',
        "firstfive_outbox_oldest_seconds 0",
        "firstfive_vault_compile_ok 0",
        'firstfive_incidents_total{severity="1"} 2',
        'firstfive_incidents_rolled_back_total{severity="unknown"} 1',
    ):
        assert f"{line}\n" in text, line
    if shutil.which("promtool") is None and os.environ.get("CI") != "true":
        pytest.skip("promtool is not installed")
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert "error" not in checked.stderr.lower(), checked.stderr


def test_what_is_not_known_has_no_sample() -> None:
    assert exposition(own_families(OwnState())) == ""
