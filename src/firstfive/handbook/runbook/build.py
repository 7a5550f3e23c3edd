"""Runbooks from outlines: gather, cut, parse in batches, judge, build.

Called by `compile` once with all the outlines of the vault, so that the parser starts a few times and not once a fence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from firstfive.errors import ShellSyntaxError
from firstfive.handbook.markdown import Kind
from firstfive.handbook.model import (
    Duty,
    DutyKind,
    ExternalSymptom,
    Level,
    Mode,
    Place,
    Problem,
    Runbook,
    Step,
    Symptom,
)
from firstfive.handbook.phrases import sentences
from firstfive.handbook.runbook.duties import duties_in
from firstfive.handbook.runbook.layout import Outline, Zone
from firstfive.handbook.runbook.pieces import Gatherer, Prose
from firstfive.handbook.runbook.symptoms import (
    declared_symptom,
    names_severity,
    read_symptom,
    spoken,
    stated_alerts,
    stated_level,
)
from firstfive.handbook.sections import Section
from firstfive.handbook.steps.annotations import FrontMatter
from firstfive.handbook.steps.bound import as_parsed, bind_step, judge_step, undeclared
from firstfive.handbook.steps.commands import Shell, mentioned, neutral
from firstfive.handbook.steps.defects import broken, containers_in, defects, services_in
from firstfive.handbook.steps.drafts import Draft, cut, hand_draft
from firstfive.handbook.steps.judged import Ready, build_step, without_editors
from firstfive.handbook.steps.wishes import declare_facts, read_wishes
from firstfive.shell.parse import Script
from firstfive.shell.risk import Verdict


@dataclass(slots=True, kw_only=True)
class Work:
    """One runbook on its way: what was gathered, the drafts, and the drafts with their shell facts."""

    outline: Outline
    gathered: Gatherer
    front: FrontMatter
    drafts: list[Draft] = field(default_factory=list)
    ready: list[Ready] = field(default_factory=list)


def build_runbooks(
    outlines: Sequence[Outline],
    vault: Mapping[str, Section],
    fronts: Mapping[str, FrontMatter],
    shell: Shell,
    problems: list[Problem],
) -> tuple[Runbook, ...]:
    """Every runbook of the vault, in order."""
    works = [_gather(outline, vault, fronts, problems) for outline in outlines]
    _cut_all(works, shell, problems)
    _judge_all(works, shell, problems)
    names = _names(works)
    books = tuple(_runbook(work, names, shell, problems) for work in works)
    return tuple(_onward(book, work, books, problems) for book, work in zip(books, works, strict=True))


def _gather(
    outline: Outline, vault: Mapping[str, Section], fronts: Mapping[str, FrontMatter], problems: list[Problem]
) -> Work:
    gathered = Gatherer(vault=vault, problems=problems)
    gathered.runbook(outline)
    return Work(outline=outline, gathered=gathered, front=fronts.get(outline.page.path, FrontMatter()))


def _cut_all(works: list[Work], shell: Shell, problems: list[Problem]) -> None:
    fences = [piece.fence for work in works for piece in work.gathered.pieces if piece.fence is not None]
    shell.prime(neutral(fence.text) for fence in fences)
    for work in works:
        for piece in work.gathered.pieces:
            if piece.fence is None:
                work.drafts.append(hand_draft(piece))
                continue
            parsed = shell.parsed(neutral(piece.fence.text))
            work.drafts.extend(cut(piece, parsed if isinstance(parsed, Script) else None, problems))


def _judge_all(works: list[Work], shell: Shell, problems: list[Problem]) -> None:
    drafts = [draft for work in works for draft in work.drafts]
    words = [note.text for draft in drafts for note in draft.notes] + [i.action for draft in drafts for i in draft.ifs]
    shell.prime([neutral(draft.script) for draft in drafts] + [neutral(c) for text in words for c in mentioned(text)])
    for work in works:
        work.ready = [without_editors(draft, shell) for draft in work.drafts]
    everything = [(work, ready) for work in works for ready in work.ready]
    shell.prime(
        form for _, ready in everything if ready.script for form in (as_parsed(ready.script), neutral(ready.script))
    )
    for work, ready in everything:
        facts = declare_facts(ready.draft.annotations, shell, problems)
        attributes = ready.draft.fence.attributes if ready.draft.fence else {}
        ready.wishes = read_wishes(ready.draft.annotations, attributes, facts, shell, problems)
        ready.wishes.on = ready.wishes.on or work.front.on
    _name_fences(works)
    for work in works:
        said = {line.name: line for ready in work.ready for line in ready.wishes.params}
        types = {**work.front.params, **{name: line.kind for name, line in said.items()}}
        for ready in work.ready:
            bind_step(ready, types, problems, strict=work.front.strict, said=said)
    shell.prime(ready.sent for _, ready in everything if ready.sent and not ready.broken)
    for _, ready in everything:
        if ready.sent and not ready.broken:
            judge_step(ready, shell, problems)


def _name_fences(works: Sequence[Work]) -> None:
    """`{#id}` names the step of its fence, or `id.1`, `id.2` where the fence holds several; a step's own name wins."""
    for work in works:
        fences: dict[int, list[Ready]] = {}
        for ready in work.ready:
            if ready.draft.fence is not None and ready.draft.fence.attributes.get("id"):
                fences.setdefault(id(ready.draft.fence), []).append(ready)
        for steps in fences.values():
            for count, ready in enumerate(steps, start=1):
                name = ready.draft.fence.attributes["id"] if ready.draft.fence else ""
                ready.wishes.name = ready.wishes.name or (name if len(steps) == 1 else f"{name}.{count}")


def _onward(book: Runbook, work: Work, books: Sequence[Runbook], problems: list[Problem]) -> Runbook:
    """The runbook with each `goto` as the id of a later step of it, or of another runbook; FF041 for anything else."""
    steps: list[Step] = []
    for step, ready in zip(book.steps, work.ready, strict=True):
        at, goto = ready.wishes.goto, ""
        if at is not None:
            later = [s for s in book.steps if s.number > step.number and at.value in (s.name, s.id, str(s.number))]
            other = [b for b in books if b is not book and at.value in (b.id, b.number, b.title)]
            goto = later[0].id if later else other[0].id if other else ""
            if not goto:
                problems.append(
                    Problem(
                        code="FF041",
                        level=Level.ERROR,
                        message=f"goto {at.value} leads nowhere",
                        place=at.place,
                        help="name a later step of this runbook (its id=), or another runbook by its number or title",
                    )
                )
        steps.append(replace(step, goto=goto))
    return replace(book, steps=tuple(steps))


def _names(works: Sequence[Work]) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """The containers and the compose services that each page speaks of in code."""
    scripts = {
        work.outline.page.path: [node.text for node in work.outline.page.root.find(Kind.CODE_BLOCK, Kind.CODE)]
        for work in works
    }
    return {path: (containers_in(texts), services_in(texts)) for path, texts in scripts.items()}


def _runbook(
    work: Work, names: Mapping[str, tuple[frozenset[str], frozenset[str]]], shell: Shell, problems: list[Problem]
) -> Runbook:
    outline = work.outline
    steps: list[Step] = []
    changed = False
    containers, services = names[outline.page.path]
    for number, ready in enumerate(work.ready, start=1):
        steps.append(build_step(outline.id, number, ready, shell, problems, after_change=changed))
        changed = changed or bool(steps[-1].script and steps[-1].verdict is not Verdict.READ_ONLY)
        parsed = shell.parsed(neutral(ready.script)) if ready.script else None
        if isinstance(parsed, ShellSyntaxError):
            _unreadable(ready, parsed, problems)
        problems.extend(defects(ready, parsed if isinstance(parsed, Script) else None, containers, services))
        if steps[-1].mode is Mode.MANUAL:
            problems.append(
                Problem(
                    code="FF013",
                    level=Level.INFO,
                    message=f'"{steps[-1].title}" is work by hand',
                    place=steps[-1].place,
                )
            )
    problems.extend(undeclared(work.ready, work.front.declared))
    symptoms, level, said = _symptoms(work, problems)
    duties, notes, communication = _talk(work, said)
    return Runbook(
        id=outline.id,
        number=outline.number,
        title=outline.title,
        symptoms=symptoms,
        steps=tuple(steps),
        severity=level,
        duties=duties,
        communication=communication,
        notes=notes,
        place=outline.place,
    )


def _unreadable(ready: Ready, error: ShellSyntaxError, problems: list[Problem]) -> None:
    fence = ready.draft.fence
    if fence is not None and not fence.labelled:
        problems.append(
            Problem(
                code="FF012",
                level=Level.INFO,
                message="this block was not understood as commands; it is shown, not run",
                place=fence.page.place(fence.node),
                help="label it ```bash if it is meant to be run, or ```text if it is not",
            )
        )
        return
    problems.append(broken(ready, error.line, error.column, error.what))


def _symptoms(work: Work, problems: list[Problem]) -> tuple[tuple[Symptom, ...], int | None, list[Duty]]:
    outline = work.outline
    found: list[Symptom] = []
    level: int | None = None
    duties: list[Duty] = []
    for prose in work.gathered.prose:
        if prose.zone is not Zone.SYMPTOMS:
            continue
        for said in spoken(prose.page, prose.node, prose.lead):
            named = names_severity(said.text)
            if named is not None:
                level = level or named
                duties.append(Duty(kind=DutyKind.SEVERITY, text=said.text, place=said.place, level=named))
                continue
            found.extend(read_symptom(outline.id, len(found) + 1, said))
    found.extend(_alerts(work, len(found)))
    found.extend(_declared(work, len(found), problems))
    front_level = work.front.runbook.get("severity")
    stated = next((n for prose in work.gathered.prose for n in (*stated_level(prose.text), *_said_level(prose))), None)
    return tuple(found), level or (front_level if isinstance(front_level, int) else stated), duties


def _said_level(prose: Prose) -> tuple[int, ...]:
    """The level of a sentence outside the symptoms that says nothing else ("This is a SEV-1.")."""
    if prose.zone is not Zone.CONTEXT:
        return ()
    return tuple(level for _, sentence in sentences(prose.text) if (level := names_severity(sentence)) is not None)


def _alerts(work: Work, before: int) -> list[ExternalSymptom]:
    """The alerts a runbook is named after, or says it answers ("Alert: `DiskFull`")."""
    outline = work.outline
    named = [(outline.alert, outline.place)] if outline.alert else []
    named += [(name, prose.place) for prose in work.gathered.prose for name in stated_alerts(prose.text)]
    distinct = {name: place for name, place in reversed(named)}
    return [
        ExternalSymptom(
            id=f"{outline.id}.s{before + at}",
            text=f"the alert {name} fires",
            sender="alert",
            tokens=(name,),
            place=distinct[name],
        )
        for at, name in enumerate(dict.fromkeys(name for name, _ in named), start=1)
    ]


def _declared(work: Work, before: int, problems: list[Problem]) -> list[Symptom]:
    front, outline = work.front, work.outline
    found: list[Symptom] = []
    for entry in (*front.signals.get(outline.id, ()), *front.signals.get("", ())):
        line = entry.lc.line + 2 if hasattr(entry, "lc") else front.lines.get("signals", 1)
        place = Place(page=outline.page.path, line=line)
        made = declared_symptom(f"{outline.id}.s{before + len(found) + 1}", entry, place)
        if isinstance(made, str):
            problems.append(Problem(code="FF041", level=Level.ERROR, message=made, place=place))
        else:
            found.append(made)
    return found


def _talk(work: Work, said: list[Duty]) -> tuple[tuple[Duty, ...], tuple[str, ...], str]:
    duties = list(said)
    notes: list[str] = []
    communication = ""
    for prose in work.gathered.prose:
        match prose.zone:
            case Zone.SYMPTOMS:
                continue
            case Zone.COMMUNICATION if prose.text:
                communication = f"{communication} {prose.text}".strip()
                duties.extend(_duties(prose))
            case _ if prose.text:
                duties.extend(_duties(prose))
                notes.append(prose.text)
            case _:
                pass
    for ready in work.ready:
        for note in ready.draft.notes:
            duties.extend(duty for duty in duties_in(note.text, note.place) if duty.kind is not DutyKind.COMMUNICATE)
    return tuple(sorted(duties, key=lambda duty: duty.place)), tuple(notes), communication


def _duties(prose: Prose) -> list[Duty]:
    return list(duties_in(prose.text, prose.place))


def renamed(runbooks: Sequence[Outline]) -> list[Outline]:
    """Outlines with distinct ids: a second "backend-down" becomes "backend-down-2"."""
    taken: dict[str, int] = {}
    result: list[Outline] = []
    for outline in runbooks:
        taken[outline.id] = taken.get(outline.id, 0) + 1
        count = taken[outline.id]
        result.append(outline if count == 1 else replace(outline, id=f"{outline.id}-{count}"))
    return result
