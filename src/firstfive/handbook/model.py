"""What a compiled vault holds: the page's severities, checks, runbooks, templates, forms, contacts and closing list.

Built by the other modules of `handbook`; read by every room above. Holds no behaviour beyond looking things up, and never
guesses: what the page does not say is `None`, and what was not understood is a `Problem`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from firstfive.handbook.steps.kinds import CheckKind as CheckKind
from firstfive.handbook.steps.kinds import Deadline as Deadline
from firstfive.handbook.steps.kinds import DutyKind as DutyKind
from firstfive.handbook.steps.kinds import Level as Level
from firstfive.handbook.steps.kinds import Mode as Mode
from firstfive.handbook.steps.kinds import Purpose as Purpose
from firstfive.handbook.steps.kinds import TemplateKind as TemplateKind
from firstfive.shell.conditions import Condition
from firstfive.shell.facts import FactLine
from firstfive.shell.risk import Verdict


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """Where a value stands: vault-relative page, 1-based line, 1-based column counted in bytes."""

    page: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.page}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding of the compiler, in the form every good compiler uses. `code` is documented under problem-codes."""

    code: str
    level: Level
    message: str
    place: Place
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseTime:
    """How soon somebody must answer. `within` is set only for `Deadline.WITHIN`; `text` is the cell as written."""

    kind: Deadline
    text: str
    within: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Severity:
    """One row of the matrix. `level` 1 is the worst; `examples` are the cell split at semicolons."""

    level: int
    label: str
    meaning: str
    response: ResponseTime
    examples: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgeRule:
    """Raise severity by `raise_by` levels when more than `more_than` reports arrive inside any `window`."""

    more_than: int
    window: timedelta
    raise_by: int
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A `<placeholder>` of a step: `variable` is the environment variable that carries its value, `kind` its type.

    `source` (a fact) or `default` is proposed; a person approves it. One that is `undo_only` may lack a value: then there is no undo.
    """

    name: str
    variable: str
    kind: str
    source: str = ""
    default: str = ""
    undo_only: bool = False
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One simple command as written, with its verdict and why. Suggestions in prose are commands that are never run."""

    text: str
    verdict: Verdict
    reason: str
    tags: frozenset[str]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One item of the first-five list. `script` is its inline command when that is safe to run by itself, else empty."""

    id: str
    number: int
    title: str
    text: str
    kind: CheckKind
    script: str
    commands: tuple[Command, ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackRule:
    """Roll back first when a deploy is younger than `deploy_within`, and anyway after `hypothesis_within` without one."""

    deploy_within: timedelta | None
    hypothesis_within: timedelta | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSymptom:
    """A URL that should answer. `fails_when` holds `timeout`, `5xx`, `non-2xx`, `refused`."""

    id: str
    text: str
    url: str
    fails_when: frozenset[str]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSymptom:
    """A container or process whose row in the listing `via` (a command such as `docker ps`) shows `status`."""

    id: str
    text: str
    subject: str
    status: str
    via: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSymptom:
    """Log lines holding any of `tokens`. `source` is the page's word for whose logs ("Backend"); empty means any log."""

    id: str
    text: str
    source: str
    tokens: tuple[str, ...]
    flood: bool
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalSymptom:
    """Something an outside sender tells us: `sender` is `sentry`, `alert` or `report`."""

    id: str
    text: str
    sender: str
    tokens: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ProseSymptom:
    """A sentence only a person can check. Shown with the runbook, never guessed at."""

    id: str
    text: str
    place: Place


Symptom = HttpSymptom | StatusSymptom | LogSymptom | ExternalSymptom | ProseSymptom


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """`If phrase: action`. `condition` is None when the phrase is bound to no fact: then the operator is asked."""

    phrase: str
    action: str
    condition: Condition | None
    suggests: tuple[Command, ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A hypothesis the page offers; `see` is the runbook number or page it points to."""

    text: str
    see: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a runbook.

    `id` is `<runbook>#<number>`; `name` is what the page calls the step, and `Handbook.step` finds it by `<runbook>#<name>` too,
    which stays true when steps are put before it.
    `script` is the bash text as written (comments and `#:` lines removed, placeholders still in angle brackets).
    `bound` is what a target is sent: the same text with each placeholder rewritten to a quoted environment variable, and a
    first line that enters `cwd`, a folder on the target; empty means the target's own.
    `undo` takes the step back: bound like `bound`, with the values of the same run; `undo_written` is the page's text of it
    and `undo_verdict` what taking back would do.
    `phrase` is the condition in the page's words, `when` the same compiled; a phrase without `when` asks the operator.
    `expect_output` is a string the output must hold; `timeout` bounds a run; `on` names a target (None: the default one).
    `commands` are those of the script; without a script, the ones that the words of the step mention (never run).
    `needs` are names of steps that must have succeeded before this one. `goto` says where to go on when this step has run
    with success: the id of a later step of the same runbook, whose steps in between are then left out, or the id of another
    runbook, which then leads. Empty: the next step.
    `fact_lines` are the page's own extractors, to be run on the step's output beside the built-in ones that `facts` names.
    """

    id: str
    number: int
    title: str
    script: str
    bound: str
    commands: tuple[Command, ...]
    mode: Mode
    verdict: Verdict
    purpose: Purpose
    parameters: tuple[Parameter, ...] = ()
    phrase: str = ""
    when: Condition | None = None
    expect: Condition | None = None
    expect_output: str = ""
    branches: tuple[Branch, ...] = ()
    causes: tuple[Cause, ...] = ()
    notes: tuple[str, ...] = ()
    undo: str = ""
    undo_written: str = ""
    undo_verdict: Verdict = Verdict.UNKNOWN
    approve: str = ""
    retry: int = 0
    retry_every: timedelta = timedelta(seconds=5)
    timeout: timedelta = timedelta(seconds=30)
    on: str | None = None
    cwd: str = ""
    facts: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    name: str = ""
    needs: tuple[str, ...] = ()
    goto: str = ""
    fact_lines: tuple[FactLine, ...] = ()
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Policy found in prose, traceable to its line. `level` is set for a severity duty ("treat as sev 1")."""

    kind: DutyKind
    text: str
    place: Place
    level: int | None = None
    when: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """One incident the page knows. `severity` is set when the runbook's own words name it; `notes` is its other prose."""

    id: str
    number: str
    title: str
    symptoms: tuple[Symptom, ...]
    steps: tuple[Step, ...]
    severity: int | None
    duties: tuple[Duty, ...]
    communication: str
    notes: tuple[str, ...] = ()
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A notice with named holes: `fields` are the texts inside `<...>`, and words such as `SEV-X`, in order."""

    id: str
    kind: TemplateKind
    title: str
    text: str
    fields: tuple[str, ...]
    every: timedelta | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmortemForm:
    """The page's post-mortem skeleton, who needs one (`levels`), and by when in business days."""

    text: str
    sections: tuple[str, ...]
    levels: frozenset[int]
    due_business_days: int | None
    folder: str
    place: Place


def entering(cwd: str) -> str:
    """The line that puts a step into its folder, empty without one; `cwd` is a plain path, checked where it is read."""
    return f"cd -- {cwd} || exit\n" if cwd else ""


def names_somebody(cell: str) -> bool:
    """Whether a cell of the contacts names anybody: not empty, no dash, no `<placeholder>`."""
    name = cell.strip()
    return bool(name) and name not in {"-", "—", "–"} and not (name.startswith("<") and name.endswith(">"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One row of the contacts table. An unfilled `<name>` is kept as written and is not reachable."""

    role: str
    primary: str
    backup: str
    channel: str
    place: Place

    @property
    def reachable(self) -> bool:
        """Whether the primary is a real entry rather than a placeholder, a dash or nothing."""
        return names_somebody(self.primary)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingItem:
    """One box of the list "after every incident"; `done` is its state on the page."""

    id: str
    text: str
    done: bool
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One page of the vault as read: vault-relative path, text, SHA-256 of its bytes."""

    path: str
    text: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handbook:
    """The compiled vault. `digest` identifies the exact text it came from; incidents are pinned to it."""

    title: str
    digest: str
    sources: tuple[Source, ...]
    severities: tuple[Severity, ...] = ()
    surge: SurgeRule | None = None
    checks: tuple[Check, ...] = ()
    rollback: RollbackRule | None = None
    runbooks: tuple[Runbook, ...] = ()
    templates: tuple[Template, ...] = ()
    postmortem: PostmortemForm | None = None
    contacts: tuple[Contact, ...] = ()
    closing: tuple[ClosingItem, ...] = ()
    duties: tuple[Duty, ...] = ()
    problems: tuple[Problem, ...] = ()

    def severity(self, level: int) -> Severity | None:
        """The row for `level`, or None when the matrix has no such level."""
        return next((s for s in self.severities if s.level == level), None)

    def runbook(self, key: str) -> Runbook | None:
        """A runbook by id, number ("3.1") or title."""
        return next((r for r in self.runbooks if key in (r.id, r.number, r.title)), None)

    def step(self, step_id: str) -> tuple[Runbook, Step] | None:
        """A step and its runbook by step id ("backend-down#4"), or by the name that the page gave it ("backend-down#back")."""
        steps = [(runbook, step) for runbook in self.runbooks for step in runbook.steps]
        found = next((pair for pair in steps if pair[1].id == step_id), None)
        return found or next(
            (pair for pair in steps if pair[1].name and f"{pair[0].id}#{pair[1].name}" == step_id), None
        )

    def symptom(self, symptom_id: str) -> tuple[Runbook, Symptom] | None:
        """A symptom and its runbook by symptom id."""
        return next(((r, s) for r in self.runbooks for s in r.symptoms if s.id == symptom_id), None)

    def template(self, kind: TemplateKind) -> Template | None:
        """The first template of a kind, or None when the page has none."""
        return next((t for t in self.templates if t.kind is kind), None)
