"""What watches each symptom of the page: the watchers, the families that widen its words, and what is not watched and why.

Called by `explain`. Asks no host.
"""

from __future__ import annotations

from typing import Any

import click

from firstfive.cli.page.plain import say
from firstfive.handbook.model import Handbook
from firstfive.handbook.watching import Plan, Unwatched, Watcher
from firstfive.settings import Settings


def show(settings: Settings, handbook: Handbook, *, diff: bool, as_json: bool) -> None:
    """Every symptom and example of the page, for people or as JSON; or the proposal as a diff."""
    from firstfive.app.eyes import plan_of
    from firstfive.handbook.watching.proposal import proposed

    if diff:
        text = proposed(handbook)
        if as_json:
            say({"diff": text})
        else:
            click.echo(text or "The page names everything that its families know.", nl=not text)
        return
    plan = plan_of(settings, handbook)
    if as_json:
        say({"watchers": [_row(one) for one in plan.watchers], "unwatched": [_without(one) for one in plan.unwatched]})
    else:
        click.echo(listed(plan))


def _row(one: Watcher) -> dict[str, Any]:
    names = ("symptom", "runbook", "kind", "what", "because", "family")
    return {name: getattr(one, name) for name in names}


def _without(one: Unwatched) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("symptom", "runbook", "text", "why", "add")}


def listed(plan: Plan, *, only: str = "") -> str:
    """The plan as lines; `only` one runbook's."""
    lines: list[str] = []
    watchers = [one for one in plan.watchers if not only or one.runbook == only]
    without = [one for one in plan.unwatched if not only or one.runbook == only]
    lines += ["Watched by itself:"] if watchers else ["Nothing here is watched by itself."]
    last = ""
    for one in watchers:
        if one.symptom != last:
            lines.append(f"  {one.symptom}")
        last = one.symptom
        lines += [f"    {one.kind}: {one.what}", f"      {one.because}"]
    if without:
        lines += ["", "Not watched:"]
        for gap in without:
            lines += [f"  {gap.symptom}: {' '.join(gap.text.split())[:100]}", f"    {gap.why}; {gap.add}"]
    return "\n".join(lines)
