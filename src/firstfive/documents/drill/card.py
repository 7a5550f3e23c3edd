"""The scorecard of one drill: ten questions, each with its answer, its seconds and why.

Built from the incident as the API shows it (`documents.view`) and from when the fault went in, hurt and was taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

View = Mapping[str, Any]
ASSUMED = "is assumed until a person grades it"  # `triage.grade` where the page has no word for it
NOTICES = ("initial", "update", "resolution")
DETECT_WITHIN = 5.0  # seconds from the first symptom that a drill asks of detection


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Aware UTC instants of a drill: the fault went in, its first effect was seen, it was taken out, customers were well again.

    `mitigated` is when the incident was mitigated that stood so as the fault was taken out: taking it out makes trouble of its own.
    """

    injected: datetime
    hurt: datetime | None = None
    healed: datetime | None = None
    well: datetime | None = None
    mitigated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the fault is: its name, what was done, the severity, whether a runbook's title is a right one, and why nothing here can mend
    it (`outside`, empty where something can).
    """

    fault: str
    what: str
    level: int
    fits: Callable[[str], bool]
    outside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a written post-mortem showed: how many places it leaves to people, and what it lacks that nobody has to be asked for."""

    places: int
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One question: `met` is None where it does not apply. `seconds` count from the first effect, None when unknown."""

    name: str
    met: bool | None
    why: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A drill's result. `at` (it went in) and `hurt` (its first effect) are ISO 8601 in UTC; `mended` says what ended it.

    `incident` is its id, empty for a silent fault; then `proposed` is a unified diff of the page that adds a symptom for it, empty where
    the page has the words already.
    """

    fault: str
    what: str
    at: str
    hurt: str
    mode: str
    page: str
    incident: str
    mended: str
    marks: tuple[Mark, ...]
    proposed: str = ""

    @property
    def passed(self) -> bool:
        """Whether no question was answered with no."""
        return all(mark.met is not False for mark in self.marks)

    def mark(self, name: str) -> Mark:
        """The mark of that name; one without an answer where the drill did not ask."""
        unasked = Mark(name=name, met=None, why="not asked")
        return next((mark for mark in self.marks if mark.name == name), unasked)

    def to_json(self) -> dict[str, Any]:
        """As plain data, with the verdict."""
        return {**asdict(self), "marks": [asdict(mark) for mark in self.marks], "passed": self.passed}


def card(
    wanted: Wanted,
    times: Times,
    seen: View | None,
    *,
    opened: int,
    mode: str,
    page: str,
    read: Read | None = None,
    proposed: str = "",
) -> Card:
    """The card of a drill whose incident is `seen` (None when nothing was declared) out of `opened` ones that it caused.

    `read` is what its post-mortem showed, None when none was read; `proposed` is kept of a silent fault.
    """
    marks = tuple(_marks(wanted, times.hurt or times.injected, times, seen or {}, opened, read))
    mended = _mended(wanted, times, seen or {})
    return Card(
        fault=wanted.fault,
        what=wanted.what,
        at=times.injected.isoformat(timespec="seconds"),
        hurt=(times.hurt or times.injected).isoformat(),
        mode=mode,
        page=page,
        incident=str((seen or {}).get("id", "")),
        mended=mended,
        marks=marks,
        proposed="" if seen else proposed,
    )


def _marks(wanted: Wanted, since: datetime, times: Times, seen: View, opened: int, read: Read | None) -> Iterator[Mark]:
    def after(stamp: object) -> float | None:
        return round((datetime.fromisoformat(stamp) - since).total_seconds(), 1) if isinstance(stamp, str) else None

    detected = after(seen.get("started_at"))
    yield Mark(
        name="detected",
        met=detected is not None and detected <= DETECT_WITHIN,
        seconds=detected,
        why=_first_signal(seen) if seen else "no symptom of the page showed it: a gap",
    )
    yield Mark(name="declared", met=bool(seen), seconds=after(seen.get("declared_at")), why=str(seen.get("title", "")))
    timeline = list(seen.get("timeline", []))
    yield _severity(wanted, seen, after(_last(timeline, "SeverityChanged")) or after(seen.get("declared_at")))
    yield from _ranked(wanted, list(seen.get("ranking", [])), timeline, after)
    yield _first_five(list(seen.get("checks", [])), timeline, after)
    yield Mark(
        name="one incident",
        met=opened == 1,
        why=f"{opened} incidents were declared" if opened != 1 else "one fault, one incident",
    )
    yield _mitigated(wanted, times, seen, after)
    yield Mark(name="verified", met=bool(seen.get("verified_at")), seconds=after(seen.get("verified_at")), why="")
    yield _told(list(seen.get("notices", [])), after)
    yield _written(seen, read, after(_last(timeline, "PostmortemWritten")))
    well = times.well.isoformat() if times.well else None
    yield Mark(name="healed", met=well is not None, seconds=after(well), why="the lab works for its customers again")


def _last(timeline: Sequence[View], kind: str) -> object:
    """When an event of that kind was last told; None when it never was."""
    return next((entry["at"] for entry in reversed(timeline) if entry["kind"] == kind), None)


def _severity(wanted: Wanted, seen: View, seconds: float | None) -> Mark:
    level, why = seen.get("level"), str(seen.get("level_why", ""))
    if ASSUMED in why:
        told = f"SEV-{level}, the page says nothing of it: {why}"
        return Mark(name="severity", met=None, seconds=seconds, why=told)
    return Mark(
        name="severity",
        met=level == wanted.level,
        seconds=seconds,
        why=f"SEV-{level}, wanted SEV-{wanted.level}: {why}" if seen else "not declared",
    )


def _first_signal(seen: View) -> str:
    timeline: Sequence[Mapping[str, Any]] = seen.get("timeline", [])
    first = next((entry for entry in timeline if entry["kind"] == "SignalSeen"), None)
    return str(first["text"])[:160] if first is not None else "declared by a person"


def _ranked(
    wanted: Wanted, ranking: list[View], timeline: list[View], after: Callable[[object], float | None]
) -> Iterator[Mark]:
    right = next((n for n, row in enumerate(ranking, 1) if wanted.fits(str(row["title"]))), None)
    first = ranking[0] if ranking else None
    named = f"{first['number']} {first['title']} first" if first else "nothing was ranked"
    why = f"{named}; the right one is number {right or '-'}"
    yield Mark(name="right runbook", met=right == 1, seconds=after(_led_since(first, timeline)), why=why)
    wrong = [row for row in ranking if not wanted.fits(str(row["title"]))]
    top = float(ranking[right - 1]["score"]) if right else 0.0
    rivals = [f"{row['number']} {row['title']}" for row in wrong if float(row["score"]) >= top]
    yield Mark(name="no wrong one", met=not rivals, why=", ".join(rivals) or "none stands as high")


def _led_since(first: View | None, timeline: list[View]) -> object:
    """When the runbook that leads began to; None when nothing was ranked."""
    if first is None:
        return None
    leads, since = f"{first['number']} {first['title']} (".lstrip(), None
    for entry in timeline:
        if entry["kind"] == "RunbooksRanked":
            so = str(entry["text"]).partition(":")[2].lstrip().startswith(leads)
            since = (since or entry["at"]) if so else None
    return since


def _first_five(
    checks: list[Mapping[str, Any]], timeline: list[Mapping[str, Any]], after: Callable[[object], float | None]
) -> Mark:
    missing = [str(one["title"]) for one in checks if not one["done"]]
    done = [after(entry["at"]) for entry in timeline if entry["kind"] == "CheckDone"][: len(checks)]
    return Mark(
        name="first five",
        met=bool(checks) and not missing,
        seconds=max((second for second in done if second is not None), default=None),
        why=f"without {', '.join(missing)}" if missing else f"{len(checks)} answered",
    )


def _told(notices: list[Mapping[str, Any]], after: Callable[[object], float | None]) -> Mark:
    said = {str(notice["kind"]): after(notice["at"]) for notice in reversed(notices)}
    missing = [kind for kind in NOTICES if kind not in said]
    return Mark(
        name="told",
        met=not missing,
        seconds=said.get("initial"),
        why=f"no {', '.join(missing)}" if missing else ", ".join(f"{kind} {said[kind]} s" for kind in NOTICES),
    )


def _written(seen: View, read: Read | None, seconds: float | None) -> Mark:
    """Complete is one that lacks nothing which the program can know; what is left to people is counted."""
    written = seen.get("postmortem")
    if written:
        left = "" if read is None else f", {read.places} places left for people"
        lacks = "" if read is None or not read.lacks else f", without {'; '.join(read.lacks)}"
        return Mark(name="post-mortem", met=not lacks, seconds=seconds, why=f"{written['path']}{left}{lacks}")
    owed = bool(seen.get("postmortem_due"))
    why = str(seen.get("postmortem_why_not") or "") or ("owed and not written" if owed else "the page asks for none")
    return Mark(name="post-mortem", met=False if owed else None, why=why)


def _mitigated(wanted: Wanted, times: Times, seen: View, after: Callable[[object], float | None]) -> Mark:
    """Whether it was mitigated before the fault went out; where only the outside can mend it, its recovery counts."""
    stamp = times.mitigated.isoformat() if times.mitigated else seen.get("mitigated_at")
    late = bool(stamp) and times.mitigated is None
    ours = "" if stamp and not late else "no step, roll-back or offered change mended it"
    why = f"outside: {wanted.outside}" if wanted.outside else ours
    return Mark(name="mitigated", met=bool(stamp) and (not late or bool(wanted.outside)), seconds=after(stamp), why=why)


def _mended(wanted: Wanted, times: Times, seen: View) -> str:
    """What ended it: what a person approved, else that the fault was taken out."""
    if not seen.get("mitigated_at") and times.mitigated is None:
        return "nothing before the drill ended"
    if times.mitigated is None and wanted.outside:
        return f"outside: nothing here can mend it ({wanted.outside}); told and watched"
    if times.mitigated is None:
        return "only by taking the fault out"
    packs = [row for row in seen.get("offered", []) if row.get("met")]
    if packs:
        return f"an offered change, {', '.join(str(row['id']) for row in reversed(packs))}"
    steps = [row for row in seen.get("steps", []) if row.get("changing") and row.get("met")]
    rolled = bool(seen.get("rollback")) and any(row["step"] == seen["rollback"]["step"] for row in steps)
    names = ", ".join(str(row["step"]) for row in steps)
    return f"the page's {'roll-back' if rolled else 'own step'} {names}".strip() if steps else "by itself"


def card_from(data: Mapping[str, Any]) -> Card:
    """A card out of what `to_json` gave. Raises KeyError or TypeError for anything else."""
    kept = {name: data[name] for name in ("fault", "what", "at", "hurt", "mode", "page", "incident", "mended")}
    marks = tuple(Mark(**mark) for mark in data["marks"])
    return Card(**kept, marks=marks, proposed=str(data.get("proposed", "")))


def markdown(one: Card) -> str:
    """The card as a page of the vault."""
    rows = [
        f"| {mark.name} | {word(mark.met)} | {'' if mark.seconds is None else f'{mark.seconds:.1f}'} | {_cell(mark.why)} |"
        for mark in one.marks
    ]
    head = f"# Drill: {one.fault}\n\n{one.what[:1].upper()}{one.what[1:]}. {one.at}, {one.mode}, page: {one.page}.\n"
    return "\n".join(
        [
            head,
            f"Result: **{'passed' if one.passed else 'not passed'}**. Mended {one.mended}. Incident: {one.incident or 'none'}.",
            "",
            "| question | answer | seconds | why |",
            "|---|---|---|---|",
            *rows,
            "",
            *_gap(one),
        ]
    )


def _gap(one: Card) -> list[str]:
    """What a silent fault leaves to do."""
    if one.incident:
        return []
    if not one.proposed:
        return [
            "## A gap of the page",
            "",
            "The page names a symptom for it, and no look saw it: `firstfive watched` says what looks.",
            "",
        ]
    told = "No symptom of the page showed this. The edit on offer, which `patch -p1` in the vault's folder takes:"
    return ["## A gap of the page", "", told, "", "```diff", *one.proposed.rstrip("\n").split("\n"), "```", ""]


def word(met: bool | None) -> str:
    """Yes, no, or a dash where the question does not apply."""
    return "-" if met is None else ("yes" if met else "no")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")[:160]
