"""An incident in plain text for a terminal: the newest first, the next thing to do on top.

Called by the commands. Output of steps is prefixed line by line, so that it cannot pose as a line of ours.
"""

from __future__ import annotations

from typing import Any

from firstfive.cli.quick import line

View = dict[str, Any]
SHOWN_OUTPUT = 12


ROW = ("id", "title", "level", "status", "declared_at", "acknowledged_by", "next_update_at", "waiting", "mitigated_at")


def rows(answer: View) -> View:
    """Incidents in short, whether they came in short or in full: the same keys as the quick look, `waiting` a count."""
    short = [{name: row.get(name) for name in ROW} for row in answer.get("incidents", [])]
    for row in short:
        row["waiting"] = len(row["waiting"]) if isinstance(row["waiting"], list) else row["waiting"]
    return {"incidents": short}


def listing(answer: View) -> str:
    """Incidents, one a line."""
    return "\n".join(line(row) for row in answer["incidents"]) or "No open incident."


def incident(seen: View) -> str:
    """One incident in full."""
    head = f"{seen['id']}  SEV-{seen['level']}  {seen['status']}  {seen['title']}"
    parts = [head, f"  {seen['level_why']}"]
    if seen.get("next"):
        parts += ["", f"Next: {seen['next']['text']}"]
    parts += section("First five", [check(c) for c in seen.get("checks", [])])
    parts += section("Runbooks", [ranked(r) for r in seen.get("ranking", [])])
    parts += section("Waiting for approval", [run(w) for w in seen.get("waiting", [])])
    parts += section("Nobody knows whether these ran", [unsettled(seen["id"], u) for u in seen.get("unknown", [])])
    parts += section("What steps said last", [said(s) for s in seen.get("steps", []) if s.get("output")])
    parts += section("Timeline", [f"{e['at'][11:19]}  {e['text']}" for e in seen.get("timeline", [])[-15:]])
    return "\n".join(parts)


def section(title: str, rows: list[str]) -> list[str]:
    """A titled block, or nothing when it is empty."""
    return ["", f"{title}:", *(f"  {part}" for row in rows for part in row.splitlines())] if rows else []


def unsettled(incident: str, run: View) -> str:
    """A run of unknown outcome, and the command that settles it."""
    return f"{run['step']} on {run['target']}: firstfive settle {incident} {run['run']} --ran, or --did-not-run"


def said(step: View) -> str:
    """The last lines of what a step said when it last ran; the rest is in the room."""
    rows = str(step["output"]).splitlines()
    left = len(rows) - SHOWN_OUTPUT
    more = [f"  | ... {left} lines before: firstfive room shows them"] if left > 0 else []
    return "\n".join(
        [
            f"{step['step']} (run {step['run']}): exit {step['exit_code']}",
            *more,
            *(f"  | {row}" for row in rows[-SHOWN_OUTPUT:]),
        ]
    )


def check(answer: View) -> str:
    """One first-five item: its answer, its title, the first lines of its evidence."""
    mark = {"good": "ok     ", "bad": "TROUBLE", "unknown": "unknown"}[answer["answer"]]
    evidence = str(answer["evidence"]).splitlines() or [""]
    more = "".join(f"\n            | {part}" for part in evidence[1:6])
    return f"{mark}  {answer['title']}: {evidence[0]}{more}"


def ranked(runbook: View) -> str:
    """One candidate with the symptoms that hit and missed."""
    hits = "; ".join(runbook["hits"]) or "none"
    misses = f"; missed: {'; '.join(runbook['misses'])}" if runbook["misses"] else ""
    return f"{runbook['number']} {runbook['title']} (score {runbook['score']}): hit: {hits}{misses}"


def run(waiting: View) -> str:
    """Exactly what would run, and why it is asked."""
    parts = [f"{waiting['step']} on {waiting['target']}: {waiting['why']}"]
    parts += [f"  run {waiting['run']}, sha256 {str(waiting['sha256'])[:12]}"] if waiting.get("run") else []
    parts += [f"  $ {part}" for part in str(waiting["script"]).strip().splitlines()]
    parts += [f"  with {name}={value}" for name, value in waiting.get("environment", [])]
    parts += [f"  {row}" for row in str(waiting.get("diff", "")).splitlines()]
    if waiting.get("undo"):
        parts.append("  to undo it: firstfive undo, which runs")
        parts += [f"    $ {part}" for part in str(waiting["undo"]).strip().splitlines()]
    parts += [f"  mind: {warning}" for warning in waiting.get("warnings", [])]
    parts += [f"  first: {first}  (--done-first says that it is done)" for first in waiting.get("first", [])]
    if waiting.get("people", 1) > 1:
        said = ", ".join(str(a["by"]) for a in waiting.get("approvals", [])) or "nobody yet"
        parts.append(f"  takes {waiting['people']} people; approved by {said}")
        alone = waiting.get("alone_from")
        when = (
            f"from {str(alone)[11:19]} UTC on, if nobody else acted for five minutes (--alone WHY)"
            if alone
            else "never"
        )
        parts.append(f"  one person alone: {when}")
    if waiting.get("who"):
        parts.append(f"  the page lets {' or '.join(waiting['who'])} approve it")
    parts += [f"  unsure: {doubt}" for doubt in waiting.get("doubts", [])]
    parts += [f"  needs a value: <{name}>  (--set '{name}=...')" for name in waiting.get("missing", [])]
    return "\n".join(parts)
