"""What one incident teaches its page: small edits on offer, each with its reason, as a unified diff for a person to take or leave.

Called by the `learn` command. Writes nothing and knows no file; proposes only what the timeline shows.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from firstfive.documents.plain import line
from firstfive.handbook.edits.spans import Edit, apart, patched
from firstfive.handbook.markdown import Kind, Node, Page, read_page
from firstfive.handbook.model import CheckKind, Handbook, LogSymptom, Purpose, Runbook, Step
from firstfive.handbook.watching.families import wider_families, words_of
from firstfive.incident import events as ev
from firstfive.incident.timeline import Attempt, Incident

MOST_TOKENS = 3
_GOTCHA = re.compile(r"\s*gotcha\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """The edits on offer for one page, in its order, and the page before and after them."""

    page: str
    edits: tuple[Edit, ...]
    before: str
    after: str

    @property
    def diff(self) -> str:
        """A unified diff that `patch -p1` takes in the vault's folder."""
        old, new = self.before.splitlines(keepends=True), self.after.splitlines(keepends=True)
        made = difflib.unified_diff(old, new, fromfile=f"a/{self.page}", tofile=f"b/{self.page}")
        return "".join(row if row.endswith("\n") else f"{row}\n\\ No newline at end of file\n" for row in made)


def lessons(
    handbook: Handbook, incident: Incident, drills: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> tuple[Lesson, ...]:
    """What the incident teaches the pages as `handbook` has them, a lesson for each page; empty when it teaches nothing.

    `drills` are the names of faults that practise a runbook, by its id.

    Steps and runbooks that the handbook does not know, since they were renamed after the incident, are left alone.
    """
    found: list[Lesson] = []
    for source in handbook.sources:
        page = read_page(source.path, source.text.encode())
        here = [r for r in _used(handbook, incident) if r.place.page == source.path]
        edits = apart(edit for runbook in here for edit in _taught(page, handbook, runbook, incident, drills))
        if edits:
            after = patched(page.raw, edits).decode()
            found.append(Lesson(page=source.path, edits=edits, before=page.raw.decode(), after=after))
    return tuple(found)


def _used(handbook: Handbook, incident: Incident) -> tuple[Runbook, ...]:
    """The runbooks whose steps ran, and the one that ranked first."""
    names = [attempt.run.step.partition("#")[0] for attempt in incident.attempts.values()]
    names += [ranked.runbook for ranked in incident.ranking[:1]]
    found = (handbook.runbook(name) for name in dict.fromkeys(names))
    return tuple(runbook for runbook in found if runbook is not None)


def _taught(
    page: Page, handbook: Handbook, runbook: Runbook, incident: Incident, drills: Mapping[str, Sequence[str]]
) -> Iterator[Edit]:
    yield from _failed(page, handbook, runbook, incident)
    yield from _unverified(page, handbook, runbook, incident)
    yield from _tokens(page, runbook, incident)
    yield from _gotchas(page, runbook, incident)
    yield from _undrilled(page, runbook, incident, drills.get(runbook.id, ()))


# ------------------------------------------------------------------------------------------ what a person said to mind next time


def _gotchas(page: Page, runbook: Runbook, incident: Incident) -> Iterator[Edit]:
    """A note that begins with "gotcha" is offered as a warning below the runbook that led or mended."""
    fence = _fence(page, runbook.steps[-1]) if runbook.steps else None
    if fence is None or not fence.closed:
        return
    newline = "\r\n" if b"\r\n" in page.raw else "\n"
    said = [e.event.text for e in incident.entries if isinstance(e.event, ev.Noted)]
    notes = dict.fromkeys(line(text.partition(":")[2] or text, 300) for text in said if _GOTCHA.match(text))
    new = [note for note in notes if note and note.encode() not in page.raw]
    if new:
        text = "".join(f"{newline * 2}> [!warning] {note} ({incident.id})" for note in new)
        yield Edit(
            start=fence.end,
            old=b"",
            text=text.encode(),
            line=page.at(fence.end).line,
            why=f"it was noted in {incident.id} as something to mind",
        )


# ------------------------------------------------------------------------------------------ a runbook that nobody practises


def _undrilled(page: Page, runbook: Runbook, incident: Incident, names: Sequence[str]) -> Iterator[Edit]:
    """A real incident needed this runbook and no drill practises it: the line that names one is offered below its last step."""
    fence = _fence(page, runbook.steps[-1]) if runbook.steps else None
    if not names or fence is None or not fence.closed or (incident.declared is not None and incident.declared.drill):
        return
    end = next((node.start for node in page.root.find(Kind.HEADING) if node.start > fence.start), len(page.raw))
    if b"**Drill" in page.raw[fence.start : end]:
        return
    newline = b"\r\n" if b"\r\n" in page.raw else b"\n"
    why = f"{incident.id} needed this runbook, and no drill practises it"
    text = newline * 2 + b"**Drill.** `" + names[0].encode() + b"`"
    yield Edit(start=fence.end, old=b"", text=text, line=page.at(fence.end).line, why=why)


# ----------------------------------------------------------------------------------------------------- a change, not verified


def _unverified(page: Page, handbook: Handbook, runbook: Runbook, incident: Incident) -> Iterator[Edit]:
    """A step changed something and no later step of its runbook looks whether that helped: the page's own health check is offered."""
    changed = [
        s for s in runbook.steps if any(a.run.changing and a.state == "finished" for a in incident.of_step(s.id))
    ]
    look = next((check.script for check in handbook.checks if check.kind is CheckKind.HEALTH and check.script), "")
    if (
        not changed
        or not look
        or any(s.purpose is Purpose.VERIFY and s.number > changed[-1].number for s in runbook.steps)
    ):
        return
    fence = _fence(page, runbook.steps[-1])
    if fence is not None and fence.closed:
        number = runbook.steps[-1].number + 1
        why = (
            f"{changed[-1].title!r} changed something in {incident.id}, and no step after it looks whether that helped"
        )
        yield _below(page, _last_line(page, fence), f"\n# {number}. Verify\n{look.strip()}", why)


def _fence(page: Page, step: Step) -> Node | None:
    """The fenced code block in which a step stands."""
    blocks = (node for node in page.root.find(Kind.CODE_BLOCK) if node.flag)
    return next((b for b in blocks if b.line <= step.place.line <= b.line + b.text.count("\n") + 1), None)


def _last_line(page: Page, fence: Node) -> int:
    lines = [row.line for row in page.code_lines(fence) if row.text.strip()]
    return max(lines, default=fence.line)


def _below(page: Page, number: int, text: str, why: str) -> Edit:
    """Whole lines put below a line of a fence, indented as the fence's first line and ended as the page ends its lines."""
    raw = page.line_bytes(number)
    indent = raw[: len(raw) - len(raw.lstrip(b" \t>"))]
    end = page.starts[number - 1] + len(raw) + (3 if number == 1 and page.raw.startswith(b"\xef\xbb\xbf") else 0)
    newline = b"\r\n" if page.raw[end : end + 2] == b"\r\n" else b"\n"
    rows = b"".join(newline + (indent + row.encode() if row else indent.rstrip()) for row in text.split("\n"))
    return Edit(start=end, old=b"", text=rows, line=number, why=why)


# ------------------------------------------------------------------------------------------ a step that failed, and what helped


def _failed(page: Page, handbook: Handbook, runbook: Runbook, incident: Incident) -> Iterator[Edit]:
    """A step that ended badly and never well: a comment below it says so, and which step was run with success instead."""
    for number, step in enumerate(runbook.steps):
        attempts = [a for a in incident.of_step(step.id) if a.state == "finished"]
        fence = _fence(page, step)
        if not attempts or any(a.met for a in attempts) or fence is None:
            continue
        helped = _instead(handbook, incident, attempts[-1])
        said = line(attempts[-1].why or f"exit {attempts[-1].exit_code}", 120)
        following = next((s.place.line for s in runbook.steps[number + 1 :] if _fence(page, s) is fence), None)
        rows = [row.line for row in page.code_lines(fence) if row.text.strip()]
        last = max((n for n in rows if step.place.line <= n and (following is None or n < following)), default=0)
        right = _corrected(handbook, page, step.place.line, last)
        more = "".join(f"; {part}" for part in (helped, right) if part)
        told = f"# {incident.id}: this did not end well ({said}){more}"
        if last and told not in fence.text:
            yield _below(page, last, told, f"{step.title!r} did not end well in {incident.id}: {said}")


def _corrected(handbook: Handbook, page: Page, first: int, last: int) -> str:
    """What `firstfive check` says to write in place of a command that stands on these lines; empty when it says nothing of them."""
    here = (p for p in handbook.problems if p.place.page == page.path and first <= p.place.line <= last and p.help)
    found = next(here, None)
    return f"{found.code}: {line(found.help, 160)}" if found is not None else ""


def _instead(handbook: Handbook, incident: Incident, failed: Attempt) -> str:
    """The first change after it that ended well, else what a person noted next."""
    later = sorted((a for a in incident.attempts.values() if a.seq > failed.seq), key=lambda a: a.seq)
    good = next((a for a in later if a.run.changing and a.state == "finished" and a.met), None)
    if good is not None:
        known = handbook.step(good.run.step)
        name = f"{known[0].number} {known[1].title!r}" if known else good.run.step
        return f"{line(name, 80)} did"
    notes = (e.event.text for e in incident.entries if e.seq > failed.seq and isinstance(e.event, ev.Noted))
    note = next(notes, "")
    return f"noted then: “{line(note, 80)}”" if note else ""


# ---------------------------------------------------------------------------------------------- words in logs that nobody wrote


def _tokens(page: Page, runbook: Runbook, incident: Incident) -> Iterator[Edit]:
    """Words that mean the same fault, stood in what was seen, and are not among the symptom's own."""
    seen = "\n".join(_evidence(incident)).casefold()
    for symptom in runbook.symptoms:
        if not isinstance(symptom, LogSymptom) or not symptom.tokens:
            continue
        own = {token.casefold() for token in symptom.tokens}
        means = (m.text for family in wider_families(words_of(symptom)) for m in family.means if not m.regex)
        new = [text for text in dict.fromkeys(means) if text.casefold() in seen and not _covered(text, own)][
            :MOST_TOKENS
        ]
        code = _code(page, symptom)
        if new and code is not None:
            alone = len(symptom.tokens) == 1
            more = [f"`{text}`" for text in new]
            added = f", {', '.join(more[:-1])} or {more[-1]}" if alone and len(more) > 1 else f" or {more[0]}"
            text = added if alone else f", {', '.join(more)}"
            why = f"{' and '.join(more)} stood in what was seen in {incident.id}, and the page does not look for it"
            yield Edit(start=code.end, old=b"", text=text.encode(), line=code.line, why=why)


def _covered(text: str, own: Iterable[str]) -> bool:
    return any(token in text.casefold() for token in own)


def _code(page: Page, symptom: LogSymptom) -> Node | None:
    """The symptom's first token where it stands between backticks, at the symptom's own place or behind it."""
    nodes = (node for node in page.root.find(Kind.CODE) if node.text.strip() == symptom.tokens[0])
    return next((n for n in nodes if (n.line, n.column) >= (symptom.place.line, symptom.place.column)), None)


def _evidence(incident: Incident) -> Iterator[str]:
    for entry in incident.entries:
        match entry.event:
            case ev.SignalSeen(signal=signal) if signal.firing:
                yield signal.text
            case ev.StepFinished(output=output):
                yield output
            case _:
                pass
