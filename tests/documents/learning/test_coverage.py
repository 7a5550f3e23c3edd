"""What an incident proves of the page, what is stale, what never ran and what no runbook fitted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from documents.story import CHANGE, ENDING, OPENING, WHOLE
from firstfive.documents.learning.coverage import coverage
from firstfive.documents.learning.proof import Proof, digest_of, proof_of
from firstfive.incident import events as ev
from firstfive.incident.signals import Deploy
from incident import builders as b

PAGE = b.handbook()


def proof(*lines: object) -> Proof:
    made = proof_of(b.incident(*lines), PAGE)  # type: ignore[arg-type]
    assert made is not None
    return made


def deployed(hours: float, *, first: bool = False) -> Deploy:
    return Deploy(subject="web", version="2", previous="1", at=b.T0 + timedelta(hours=hours), source="x", first=first)


def test_the_change_after_which_all_was_well_is_the_proof() -> None:
    found = proof(*WHOLE)
    assert (found.runbook, found.mended_by, found.by, found.minutes) == ("down", "down#3", "ana", 1.1)
    assert found.text == digest_of(b.SHOP_DOWN)
    assert [(s.step, s.changing, s.ran, s.met) for s in found.steps] == [
        ("down#1", False, 1, 1),
        ("down#3", True, 1, 1),
    ]


NOTHING = [
    ((*OPENING, *CHANGE), "what is not well yet is not mended"),
    ((*OPENING, *ENDING), "what got well by itself was mended by no step"),
    ((*OPENING, *ENDING, (800, "ana", ev.Approved(run="x", sha256="y"))), "nor by what came after"),
]


@pytest.mark.parametrize(("lines", "because"), NOTHING, ids=[row[1] for row in NOTHING])
def test_no_proof_without_a_change_that_helped(lines: tuple[object, ...], because: str) -> None:
    assert proof(*lines[:-1] if "after" in because else lines).runbook == "", because


def test_it_survives_being_kept() -> None:
    found = proof(*WHOLE)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Proof) == found


def test_an_incident_that_nothing_fitted_says_what_was_seen() -> None:
    alone = proof((0, b.declared()), (0, ev.SignalSeen(signal=b.signal("down.1"))))
    (found,) = coverage(PAGE, [alone, proof(*WHOLE)]).unmatched
    assert found.seen == ("subject of down.1: answers 502",)


def test_the_map_names_what_never_ran_and_what_never_helped() -> None:
    failed = (*OPENING, (60, "ana", ev.Approved(run="x", sha256="y")), *CHANGE[1:2])
    bad = replace(CHANGE[2][-1], met=False) if hasattr(CHANGE[2][-1], "met") else CHANGE[2][-1]
    down, pay = coverage(PAGE, [proof(*failed[:-2], CHANGE[1], (63, bad))]).runbooks
    assert (down.used, down.idle) == (1, ("down#3",))
    assert down.never == ("down#2", "down#4")
    assert (pay.used, pay.proof, pay.never) == (0, None, ("pay#1", "pay#2", "pay#3"))


def test_a_proof_is_stale_once_the_runbook_changed_or_something_was_deployed() -> None:
    mine = [proof(*WHOLE)]
    fresh = coverage(PAGE, mine, [deployed(-1), deployed(2, first=True)]).runbooks[0]
    assert (fresh.stale, fresh.proof) == ("", mine[0])
    later = coverage(PAGE, mine, [deployed(30), deployed(50)]).runbooks[0]
    assert later.stale == "web was deployed on 2026-11-24 and 1 more since"
    step = replace(b.ROLL_BACK, bound="release something else")
    changed = b.handbook(runbooks=(replace(b.SHOP_DOWN, steps=(*b.SHOP_DOWN.steps[:2], step)), b.PAY_DOWN))
    assert coverage(changed, mine).runbooks[0].stale == "the runbook was changed since"


def test_a_drill_proves_and_says_so() -> None:
    drilled = ((3, b.declared(drill=True)), *WHOLE[1:])
    found = coverage(PAGE, [proof(*drilled)])
    assert (found.runbooks[0].drills, found.runbooks[0].proof and found.runbooks[0].proof.drill) == (1, True)
    assert found.mended == (("down#3", 1),)
