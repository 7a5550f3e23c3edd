"""The page's closing list for one incident, and when people are reminded of what is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from firstfive.handbook.model import ClosingItem
from firstfive.incident import events as ev
from firstfive.incident.decide import decide
from firstfive.incident.orders import ReadPostmortem, Remind, WakeAt
from firstfive.incident.owed.closing import Tick, boxes
from incident import builders as b

TEXTS = (
    "Updated this page with any new gotchas?",
    "Action items tracked?",
    "Customer comms sent (if user-impacting)?",
    "Post-mortem published?",
)
PAGE = b.handbook(
    closing=tuple(ClosingItem(id=f"c{n}", text=text, done=False, place=b.HERE) for n, text in enumerate(TEXTS, 1))
)
OPENING = ((0, b.declared()), (2, "ana", ev.Acknowledged(responder="ana")))
OVER = (900, "ana", ev.Resolved(why="over", root_cause="disk"))
WRITTEN = (901, ev.PostmortemWritten(path="postmortems/x.md", sha256="0", due=date(2026, 11, 30)))


def read(*gaps: str, items: int = 2, tracked: int = 2, number: int = 1) -> ev.PostmortemRead:
    return ev.PostmortemRead(path="postmortems/x.md", number=number, gaps=gaps, items=items, tracked=tracked)


TICKS = [
    ((), "open open open open", "nothing is proved before it happened"),
    ((WRITTEN,), "open open open open", "a draft is no post-mortem"),
    ((WRITTEN, (950, read("line 3: open"))), "open proved open open", "open places keep it open"),
    ((WRITTEN, (950, read())), "open proved open proved", "a whole one is proof"),
    ((WRITTEN, (950, read(tracked=1))), "open open open proved", "every item needs owner, day and ticket"),
    ((WRITTEN, (950, read(items=0, tracked=0))), "open open open proved", "no item at all is not tracked"),
    (
        ((950, "ana", ev.PublicUpdate(status="resolved", text="Over.")),),
        "open open proved open",
        "customers heard the end",
    ),
    (
        ((950, "ana", ev.PublicUpdate(status="monitoring", text="Soon.")),),
        "open open open open",
        "customers still wait for the end",
    ),
    (
        ((950, "kim", ev.ClosingTicked(item="c1", done=True, note="prune needs space")),),
        "said open open open",
        "a person's word counts",
    ),
    (
        ((950, "kim", ev.ClosingTicked(item="c3", done=False, note="no user saw it")),),
        "open open not_needed open",
        "so does that it is not needed",
    ),
]


@pytest.mark.parametrize(("lines", "ticks", "because"), TICKS, ids=[row[2] for row in TICKS])
def test_a_box_is_ticked_by_proof_or_by_a_person(lines, ticks, because) -> None:
    seen = boxes(PAGE, b.incident(*OPENING, OVER, *lines))
    assert [str(box.tick).replace(" ", "_") for box in seen] == ticks.split(), because
    assert all(box.why for box in seen)


def test_a_minor_incident_needs_no_post_mortem() -> None:
    seen = boxes(PAGE, b.incident((0, b.declared(level=3)), OVER))
    assert [box.tick for box in seen][1::2] == [Tick.NOT_NEEDED, Tick.NOT_NEEDED]


DAY = timedelta(days=1)
RESOLVED = b.seconds(900)
NINE = datetime(2026, 11, 27, 9, tzinfo=UTC)

LATER = [
    (RESOLVED + DAY / 2, [], "not on the same day"),
    (RESOLVED + DAY, [ReadPostmortem(path="postmortems/x.md", number=1)], "a day later it looks, before it speaks"),
    (NINE, [ReadPostmortem(path="postmortems/x.md", number=2)], "on the working day before the post-mortem is due"),
    (
        NINE + 3 * DAY,
        [ReadPostmortem(path="postmortems/x.md", number=4)],
        "and on the day itself, a Monday, after a week",
    ),
    (RESOLVED + 27 * DAY, [ReadPostmortem(path="postmortems/x.md", number=10)], "once for all that passed meanwhile"),
]


@pytest.mark.parametrize(("now", "wanted", "because"), LATER, ids=[row[2] for row in LATER])
def test_it_looks_back_at_the_post_mortem(now, wanted, because) -> None:
    ordered = decide(PAGE, b.POLICY, b.incident(*OPENING, OVER, WRITTEN), now)
    assert [o for o in ordered if isinstance(o, ReadPostmortem)] == wanted, because


def after(days: float) -> float:
    return 900 + days * 86400


def test_what_is_open_is_said_to_whoever_had_it() -> None:
    lines = (*OPENING, OVER, WRITTEN, (after(1), read("line 3: 'owner' is still open")))
    (said,) = (o for o in decide(PAGE, b.POLICY, b.incident(*lines), b.seconds(after(1))) if isinstance(o, Remind))
    assert (said.what, said.number, said.person) == ("closing list", 1, "ana")
    assert "Post-mortem published? (postmortems/x.md: line 3: 'owner' is still open)" in said.text
    again = b.incident(*lines, (after(1) + 1, ev.Reminded(what=said.what, number=1, to="ana", text="x")))
    ordered = decide(PAGE, b.POLICY, again, b.seconds(after(1.5)))
    assert not [o for o in ordered if isinstance(o, Remind)]
    assert [o.at for o in ordered if isinstance(o, WakeAt) and o.why == "closing"] == [NINE]


def test_nothing_is_said_once_nothing_is_open() -> None:
    done = tuple((950 + n, "kim", ev.ClosingTicked(item=f"c{n}", done=True)) for n in range(1, 5))
    lines = (*OPENING, OVER, WRITTEN, *done, (after(1), read()))
    ordered = decide(PAGE, b.POLICY, b.incident(*lines), b.seconds(after(1)))
    assert not [o for o in ordered if isinstance(o, Remind | ReadPostmortem)]
    assert not [o for o in ordered if isinstance(o, WakeAt) and o.why == "closing"]


def test_a_drill_leaves_nobody_anything_to_close() -> None:
    drill = b.incident((0, b.declared(drill=True)), OVER)
    assert not [o for o in decide(PAGE, b.POLICY, drill, b.seconds(after(2))) if isinstance(o, Remind)]


def test_a_form_without_a_box_for_it_still_has_its_post_mortem_chased() -> None:
    page = replace(PAGE, closing=())
    lines = (*OPENING, OVER, WRITTEN, (after(1), read("line 3: open")))
    (said,) = (o for o in decide(page, b.POLICY, b.incident(*lines), b.seconds(after(1))) if isinstance(o, Remind))
    assert "the post-mortem postmortems/x.md, due 2026-11-30: line 3: open" in said.text
