"""Which notice is due, and when the next one is.

Called by `decide`. Internal notices go out by themselves; customer wording is never sent without a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from firstfive.handbook.model import Handbook, TemplateKind
from firstfive.incident.business_days import business_day as business_day
from firstfive.incident.events import Declared, NoticeFailed, NoticeSent, SeverityChanged
from firstfive.incident.orders import Order, Remind, SendNotice, WakeAt, WritePostmortem
from firstfive.incident.packs.offered import still_paused
from firstfive.incident.policy import Policy
from firstfive.incident.timeline import Incident


def orders(handbook: Handbook, policy: Policy, incident: Incident, now: datetime) -> Iterator[Order]:
    """Initial on declare, an update at each interval and when the trouble is over, resolution, then the post-mortem."""
    declared = incident.declared_at
    if declared is None:
        return
    channel = channel_of(handbook, policy)
    yield SendNotice(kind=TemplateKind.INITIAL, number=1, channel=channel)
    yield from _reminders(incident, now, channel)
    yield from _wishes(incident, channel)
    if incident.resolved_at is None:
        yield from _updates(handbook, policy, incident, now, channel)
        return
    yield SendNotice(kind=TemplateKind.RESOLUTION, number=1, channel=channel)
    if needs_postmortem(handbook, incident) and incident.postmortem is None and not incident.postmortem_why_not:
        form = handbook.postmortem
        days = form.due_business_days if form else None
        due = business_day(incident.resolved_at.date(), days, policy.working_days) if days is not None else None
        yield WritePostmortem(path=postmortem_path(handbook, policy, incident), due=due)


PAUSED, APPROVAL = "updater", "approval"
PAUSED_AFTER = (timedelta(hours=1), timedelta(days=1))


def owed(incident: Incident) -> bool:
    """Whether a reminder is still to come, so that the incident cannot be laid aside yet."""
    told = sum(1 for reminder, _ in incident.reminders if reminder.what == PAUSED)
    return bool(still_paused(incident)) and told < len(PAUSED_AFTER)


def _reminders(incident: Incident, now: datetime, channel: str) -> Iterator[Order]:
    """An updater that a roll-back stopped is easily forgotten, and then nothing is ever deployed again: an hour and a day later."""
    names = still_paused(incident)
    told = [at for reminder, at in incident.reminders if reminder.what == PAUSED]
    if not names or len(told) >= len(PAUSED_AFTER):
        return
    since = next(a.at for a in incident.attempts.values() if incident.plan and a.run.script == incident.plan.script)
    due = since + PAUSED_AFTER[len(told)]
    if now < due:
        yield WakeAt(at=due, why="reminder")
        return
    text = (
        f"{' and '.join(names)} is still stopped since the roll-back at {since:%Y-%m-%d %H:%M} UTC: nothing is updated by itself."
        f" Once a good version is out: firstfive resume-updater {incident.id}"
    )
    yield Remind(what=PAUSED, number=len(told) + 1, to=channel, text=text)


def _wishes(incident: Incident, channel: str) -> Iterator[Order]:
    """Whoever has taken it is told of each change that waits for a yes, once, so that a button can be pressed where they are."""
    who = incident.acknowledged_by
    if not who:
        return
    told = {reminder.what for reminder, _ in incident.reminders}
    for attempt in incident.waiting():
        what = f"{APPROVAL} {attempt.run.id}"
        if attempt.doubts or attempt.missing or what in told:
            continue
        run = attempt.run
        given = "".join(f"\n{name}={value}" for name, value in run.environment)
        text = f"{run.step} on {run.target} waits for a yes: {attempt.why}\n{given}\n{run.script.strip()}"
        yield Remind(what=what, number=1, to=channel, text=text, person=who, run=run.id)


def _updates(handbook: Handbook, policy: Policy, incident: Incident, now: datetime, channel: str) -> Iterator[Order]:
    tried = attempted(incident)
    number = max((n.number for n, _ in tried if n.kind == TemplateKind.UPDATE), default=0) + 1
    last = max((at for _, at in tried), default=incident.declared_at or now)
    news = any(at is not None and last < at for at in (incident.mitigated_at, asked_at(incident)))
    until = next_update_at(handbook, policy, incident)
    if news or (until is not None and now >= until):
        yield SendNotice(kind=TemplateKind.UPDATE, number=number, channel=channel)
    elif until is not None:
        yield WakeAt(at=until, why="update")


def attempted(incident: Incident) -> tuple[tuple[NoticeSent | NoticeFailed, datetime], ...]:
    """Every notice to the team that went out or failed for good, and when it was put into words, oldest first.

    One that failed must not keep the next from its turn; what was said after it was put into words was not in it.
    """
    return tuple(
        (e.event, e.event.since or e.at)
        for e in incident.entries
        if isinstance(e.event, NoticeSent | NoticeFailed) and e.event.kind != TemplateKind.CUSTOMER
    )


def asked_at(incident: Incident) -> datetime | None:
    """When a person last asked for an update, or None."""
    return incident.update_asked[1] if incident.update_asked else None


def next_update_at(handbook: Handbook, policy: Policy, incident: Incident) -> datetime | None:
    """When the next update is due: the page's interval after the last notice, or the declaration; None when it is over."""
    if incident.declared_at is None or incident.resolved_at is not None:
        return None
    last = max((at for _, at in attempted(incident)), default=incident.declared_at)
    return last + update_interval(handbook, policy)


def update_interval(handbook: Handbook, policy: Policy) -> timedelta:
    """The interval that the page's own templates promise, else the team's setting."""
    return next((t.every for t in handbook.templates if t.every is not None), policy.update_every)


def channel_of(handbook: Handbook, policy: Policy) -> str:
    """The channel of the page's on-call contact, else the team's setting."""
    named = (c.channel for c in handbook.contacts if c.channel.startswith("#") and "on-call" in c.role.lower())
    return next(named, policy.channel)


def needs_postmortem(handbook: Handbook, incident: Incident) -> bool:
    """Whether the page asks for one at the worst level this incident had, or a person does."""
    form = handbook.postmortem
    return form is not None and (incident.postmortem_asked or not form.levels or worst_level(incident) in form.levels)


def worst_level(incident: Incident) -> int:
    """The gravest level the incident ever had; lower numbers are worse."""
    levels = [e.event.level for e in incident.entries if isinstance(e.event, Declared | SeverityChanged)]
    return min(levels, default=incident.level)


def postmortem_path(handbook: Handbook, policy: Policy, incident: Incident) -> str:
    """Vault-relative path of the post-mortem: folder, day it began (UTC), slug of the title and the incident's id."""
    form = handbook.postmortem
    folder = policy.postmortem_folder or (form.folder if form else "") or "postmortems"
    day = (incident.started_at or incident.declared_at or incident.entries[0].at).date().isoformat()
    title = incident.declared.title if incident.declared else incident.id
    return f"{folder}/{day}-{slug(title.split(':')[0])}-{incident.id.lower()}.md"


def slug(text: str) -> str:
    """Lower-case letters, digits and single hyphens, at most 60 characters; never empty."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower())
    short = "-".join(part for part in kept.split("-") if part)[:60].rstrip("-")
    return short or "incident"
