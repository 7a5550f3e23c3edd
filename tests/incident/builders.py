"""A small page and its timelines, built by hand from the model: no compiler, no journal, no clock."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from firstfive.handbook.model import (
    Check,
    CheckKind,
    ClosingItem,
    Contact,
    Deadline,
    Handbook,
    HttpSymptom,
    LogSymptom,
    Mode,
    Parameter,
    Place,
    PostmortemForm,
    ProseSymptom,
    Purpose,
    ResponseTime,
    RollbackRule,
    Runbook,
    Severity,
    StatusSymptom,
    Step,
    SurgeRule,
    Template,
    TemplateKind,
)
from firstfive.incident import events as ev
from firstfive.incident.policy import Policy
from firstfive.incident.records import Run
from firstfive.incident.respond import digest_of
from firstfive.incident.signals import Signal, SignalKind
from firstfive.incident.timeline import Incident, fold
from firstfive.shell.conditions import FactType
from firstfive.shell.conditions import compile as compile_condition
from firstfive.shell.risk import Verdict

T0 = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
HERE = Place(page="Incidents.md", line=7)
POLICY = Policy()

READ = next(verdict for verdict in Verdict if str(verdict) == "read-only")
CHANGE = next(verdict for verdict in Verdict if str(verdict) == "changing")


def seconds(count: float) -> datetime:
    """`count` seconds after the story's midnight call."""
    return T0 + timedelta(seconds=count)


def severity(level: int, *, within: timedelta | None = timedelta(minutes=15), **changes: Any) -> Severity:
    kind = Deadline.WITHIN if within is not None else Deadline.BACKLOG
    fields: dict[str, Any] = {
        "level": level,
        "label": f"Sev {level}",
        "meaning": "",
        "response": ResponseTime(kind=kind, text="", within=within),
        "examples": (),
        "place": HERE,
    }
    return Severity(**{**fields, **changes})


SEVERITIES = (
    severity(1, meaning="Shop fully down", examples=("web container in crashloop", "database unreachable")),
    severity(2, within=timedelta(hours=1), meaning="Major part broken", examples=("mail sending broken",)),
    severity(3, within=None, meaning="Minor, isolated user reports", examples=("one invoice missing",)),
    severity(4, within=None, meaning="No user impact", examples=("backup older than a day",)),
)

DOWN = HttpSymptom(
    id="down.1", text="health times out", url="http://shop/health", fails_when=frozenset({"timeout", "5xx"}), place=HERE
)
RESTARTING = StatusSymptom(
    id="down.2", text="web restarting", subject="web", status="Restarting", via="keeper ps", place=HERE
)
MISSING = LogSymptom(
    id="down.3", text="logs show it", source="web", tokens=("Missing env var",), flood=False, place=HERE
)
REFUSED = LogSymptom(id="pay.1", text="pay refused", source="web", tokens=("pay refused",), flood=False, place=HERE)
SPINNING = ProseSymptom(id="pay.2", text="buyers see a spinner", place=HERE)

FACTS = {"deploy.age": FactType.DURATION, "oom.killed": FactType.BOOL, "disk.used": FactType.INT}


def when(text: str) -> Any:
    """A condition over the builders' three facts."""
    return compile_condition(text, FACTS)


def step(step_id: str, **changes: Any) -> Step:
    """A read-only step; `changing=True` makes it one that needs approval."""
    changing = changes.pop("changing", False)
    number = int(step_id.rpartition("#")[2])
    fields: dict[str, Any] = {
        "id": step_id,
        "number": number,
        "title": f"Step {number}",
        "script": f"look {number}",
        "bound": f"look {number}",
        "commands": (),
        "mode": Mode.APPROVE if changing else Mode.AUTO,
        "verdict": CHANGE if changing else READ,
        "purpose": Purpose.CHANGE if changing else Purpose.LOOK,
        "place": HERE,
    }
    return Step(**{**fields, **changes})


PREVIOUS = Parameter(name="previous-version", variable="FF_PREVIOUS_VERSION", kind="image_tag", place=HERE)
ROLL_BACK = step(
    "down#3",
    changing=True,
    title="If recent deploy: roll back",
    script='release "<previous-version>"',
    bound='release "$FF_PREVIOUS_VERSION"',
    purpose=Purpose.ROLL_BACK,
    phrase="recent deploy",
    when=when("deploy.age < duration('30m')"),
    parameters=(PREVIOUS,),
    undo="release the newer one again",
)
VERIFY = step("down#4", title="Verify", script="curl health", bound="curl health", purpose=Purpose.VERIFY)
BY_HAND = step("down#5", title="Call the provider", mode=Mode.MANUAL, script="", bound="")
RESTART = step("pay#2", changing=True, title="Restart pay", script="keeper restart pay", bound="keeper restart pay")
DOUBTFUL = step(
    "pay#3", changing=True, title="If the disk is full: prune", script="prune", bound="prune", phrase="the disk is full"
)


def runbook(runbook_id: str, **changes: Any) -> Runbook:
    fields: dict[str, Any] = {
        "id": runbook_id,
        "number": "3.9",
        "title": runbook_id,
        "symptoms": (),
        "steps": (),
        "severity": None,
        "duties": (),
        "communication": "",
        "place": HERE,
    }
    return Runbook(**{**fields, **changes})


SHOP_DOWN = runbook(
    "down",
    number="3.1",
    title="Shop down",
    symptoms=(DOWN, RESTARTING, MISSING),
    steps=(step("down#1", title="Last lines"), step("down#2"), ROLL_BACK, VERIFY, BY_HAND),
)
PAY_DOWN = runbook(
    "pay",
    number="3.2",
    title="Pay down",
    symptoms=(REFUSED, SPINNING),
    steps=(step("pay#1"), RESTART, DOUBTFUL),
    severity=2,
)

CHECKS = (
    Check(
        id="ack",
        number=1,
        title="Acknowledge",
        text="say so",
        kind=CheckKind.ACKNOWLEDGE,
        script="",
        commands=(),
        place=HERE,
    ),
    Check(
        id="health",
        number=2,
        title="Health",
        text="curl it",
        kind=CheckKind.HEALTH,
        script="curl x",
        commands=(),
        place=HERE,
    ),
)

TEMPLATES = (
    Template(
        id="initial",
        kind=TemplateKind.INITIAL,
        title="Initial",
        text="[SEV-X] <one-line summary>\nStarted: <time UTC>\nImpact: <which users / features>\nOn-call: <@you>",
        fields=(),
        every=timedelta(minutes=15),
        place=HERE,
    ),
    Template(
        id="update",
        kind=TemplateKind.UPDATE,
        title="Update",
        text="[SEV-X] Update <n>\nTime: <UTC>\nKnown: <facts>\nTrying: <action>\nNext update: <time>",
        fields=(),
        every=None,
        place=HERE,
    ),
)

FORM = """\
---
title: Post-mortem — <short title>
date: <YYYY-MM-DD>
severity: SEV-X
duration: <minutes>
authors: [<names>]
tags: [postmortem]
---

## Summary
One paragraph.

## Timeline (UTC)
- HH:MM — first signal

## Impact
- Users affected: <count or %>

## Root cause
Trigger and cause, without blame.

## What went well
- ...

## Action items
| # | Item | Owner | Due | Ticket |
|---|------|-------|-----|--------|
| 1 | An example | @x | 2026-06-01 | OPS-1 |

## Detection improvements
Which alert would have been earlier?

## Process improvements
Which page needs a change?
"""

POSTMORTEM = PostmortemForm(
    text=FORM,
    sections=(),
    levels=frozenset({1, 2}),
    due_business_days=5,
    folder="postmortems",
    place=HERE,
)


def contact(role: str, primary: str, backup: str = "—", channel: str = "#incidents") -> Contact:
    return Contact(role=role, primary=primary, backup=backup, channel=channel, place=HERE)


CONTACTS = (contact("Payments lead", "cleo", channel="DM"), contact("On-call engineer", "ana", "ben"))


def handbook(**changes: Any) -> Handbook:
    """The builders' whole page; fields given replace its own."""
    fields: dict[str, Any] = {
        "title": "Incidents",
        "digest": "d1",
        "sources": (),
        "severities": SEVERITIES,
        "surge": SurgeRule(more_than=10, window=timedelta(minutes=5), raise_by=1, place=HERE),
        "checks": CHECKS,
        "rollback": RollbackRule(
            deploy_within=timedelta(minutes=30), hypothesis_within=timedelta(minutes=5), place=HERE
        ),
        "runbooks": (SHOP_DOWN, PAY_DOWN),
        "templates": TEMPLATES,
        "postmortem": POSTMORTEM,
        "contacts": CONTACTS,
        "closing": (ClosingItem(id="c1", text="Page updated?", done=False, place=HERE),),
    }
    return Handbook(**{**fields, **changes})


# --------------------------------------------------------------------------------------------------------- timelines


def signal(symptom: str = "down.1", *, firing: bool = True, at: datetime = T0, **changes: Any) -> Signal:
    fields: dict[str, Any] = {
        "kind": SignalKind.HTTP,
        "source": "probe",
        "subject": f"subject of {symptom}",
        "firing": firing,
        "text": "answers 502" if firing else "answers 200",
        "at": at,
        "symptom": symptom,
    }
    return Signal(**{**fields, **changes})


def declared(level: int = 1, **changes: Any) -> ev.Declared:
    fields: dict[str, Any] = {
        "title": "Shop down: health answers 502",
        "level": level,
        "why": "a test says so",
        "handbook": "d1",
        "started_at": T0,
        "watched": ("down.1", "down.2", "down.3", "pay.1"),
    }
    return ev.Declared(**{**fields, **changes})


def run(step_id: str = "down#3", number: int = 1, **changes: Any) -> Run:
    """A run of a step, hashed as the rules hash it; read-only when told so."""
    fields: dict[str, Any] = {
        "id": f"INC-1.{step_id.replace('#', '.')}.{number}",
        "step": step_id,
        "target": "local",
        "script": 'release "$FF_PREVIOUS_VERSION"',
        "environment": (("FF_PREVIOUS_VERSION", "1.4.1"),),
        "changing": True,
        "timeout": timedelta(seconds=30),
    }
    fields.update(changes)
    fields.setdefault("sha256", digest_of(fields["target"], fields["script"], fields["environment"]))
    return Run(**fields)


def finished(of: Run, *, met: bool = True, **changes: Any) -> ev.StepFinished:
    fields: dict[str, Any] = {
        "run": of.id,
        "step": of.step,
        "exit_code": 0 if met else 1,
        "output": "done",
        "dropped": 0,
        "took": timedelta(milliseconds=1200),
        "met": met,
        "why": "exit 0" if met else "exit 1",
    }
    return ev.StepFinished(**{**fields, **changes})


Line = tuple[float, str, ev.Event] | tuple[float, ev.Event]


def entries(lines: Iterable[Line], incident: str = "INC-1") -> tuple[ev.Entry, ...]:
    """(seconds, event) or (seconds, person, event) as a chained timeline."""
    made: list[ev.Entry] = []
    for seq, row in enumerate(lines, 1):
        at, event = row[0], row[-1]
        by = row[1] if len(row) == 3 else ev.SELF
        before = made[-1].hash if made else ""
        digest = hashlib.sha256(f"{before}{seq}{at}{by}{event!r}".encode(errors="replace")).hexdigest()
        assert isinstance(by, str)
        assert not isinstance(event, str)
        made.append(ev.Entry(incident=incident, seq=seq, at=seconds(at), by=by, event=event, hash=digest))
    return tuple(made)


def incident(*lines: Line) -> Incident:
    """The incident that these lines make; declared at once when its first line says nothing else."""
    return fold("INC-1", entries(lines))
