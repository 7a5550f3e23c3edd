"""One whole incident, from the first sign to the post-mortem, as the document tests tell it."""

from __future__ import annotations

from datetime import date, timedelta

from firstfive.incident import events as ev
from firstfive.incident.records import Answer, Fact, Ranked, Status
from incident.builders import T0, Line, declared, finished, run, seconds, signal

ROLL_BACK = run()
LOOK = run("down#1", changing=False, script="keeper logs web", environment=())
DEPLOY = ev.DeployNoticed(
    subject="web", version="1.4.2", previous="1.4.1", deployed_at=T0 - timedelta(minutes=2), source="release link"
)
RANKING = (
    Ranked(
        runbook="down",
        number="3.1",
        title="Shop down",
        score=5,
        hits=("down.1", "down.2"),
        misses=("down.3",),
        unknown=(),
    ),
)

OPENING: tuple[Line, ...] = (
    (3, declared()),
    (3, ev.SignalSeen(signal=signal())),
    (3, DEPLOY),
    (3, ev.FactsFound(facts=(Fact(name="deploy.previous", kind="string", value="1.4.1"),), source="release link")),
    (4, ev.RunbooksRanked(ranking=RANKING)),
    (4, ev.RollbackProposed(step="down#3", why="web went to 1.4.2 two minutes before")),
    (
        5,
        ev.CheckDone(
            check="health", title="Health", answer=Answer.BAD, evidence="502 in 12 ms", took=timedelta(milliseconds=12)
        ),
    ),
    (5, ev.StepStarted(run=LOOK)),
    (6, finished(LOOK, output="Error: Missing env var SESSION_SECRET")),
    (6, ev.ApprovalAsked(run=ROLL_BACK, why="roll back first")),
    (
        7,
        ev.NoticeSent(
            kind="initial", number=1, channel="#incidents", text="hello", unfilled=("which users / features",)
        ),
    ),
    (7, ev.Paged(number=1, role="On-call engineer", contact="ana", channel="#incidents", why="nobody has it")),
    (40, "ana", ev.Acknowledged(responder="ana")),
    (50, "ana", ev.HypothesisSet(text="1.4.2 wants a variable nobody set")),
)
CHANGE: tuple[Line, ...] = (
    (60, "ana", ev.Approved(run=ROLL_BACK.id, sha256=ROLL_BACK.sha256)),
    (61, ev.StepStarted(run=ROLL_BACK, approved_by="ana")),
    (63, finished(ROLL_BACK, output="released 1.4.1")),
)
ENDING: tuple[Line, ...] = (
    (66, ev.SignalSeen(signal=signal(firing=False, at=seconds(66)))),
    (66, ev.Mitigated(why="every symptom is gone")),
    (66, ev.StatusChanged(status=Status.MONITORING, why="no symptom is left")),
    (70, ev.Verified(why="step 4 found it well")),
    (700, "ana", ev.Resolved(why="stayed well", root_cause="1.4.2 read SESSION_SECRET, which no host sets")),
)
AFTERWARDS: tuple[Line, ...] = (
    (701, ev.NoticeSent(kind="resolution", number=1, channel="#incidents", text="over")),
    (702, ev.PostmortemWritten(path="postmortems/x.md", sha256="0" * 64, due=date(2026, 11, 30))),
    (900, "ben", ev.Noted(text="seen at breakfast")),
)
WHOLE: tuple[Line, ...] = (*OPENING, *CHANGE, *ENDING)
