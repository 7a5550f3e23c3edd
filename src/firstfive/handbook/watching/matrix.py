"""What watches the examples of the severity matrix, and what is hygiene without being written there.

Called by `plan` once the runbooks' symptoms have their watchers: an example that one of them sees needs no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from firstfive.handbook.model import Deadline, Handbook, HttpSymptom, Severity
from firstfive.handbook.watching.direct import certificate_of
from firstfive.handbook.watching.families import families_of
from firstfive.handbook.watching.watcher import Known, Unwatched, Watcher


def of_example(
    row: Severity, number: int, example: str, handbook: Handbook, found: Sequence[Watcher], known: Known
) -> Watcher | Unwatched | None:
    """A watcher of an example of the matrix; None when a runbook's symptoms already see it."""
    symptom = f"matrix.{row.level}.{number}"
    for family in families_of(example):
        covered = next(
            (watcher for watcher in found if watcher.family == family.id or _is_about(watcher, family.id)), None
        )
        if covered is not None:
            return None
        percent = re.search(r"(\d+) ?%", example)
        if "disk" in family.looks and percent:
            options: dict[str, object] = {"path": "/", "more_than": int(percent[1])}
            return Watcher(
                symptom=symptom,
                runbook="",
                kind="disk",
                options=options,
                what=f"the disk of / is over {options['more_than']} %",
                because=f"{row.place}: {row.label} gives it as an example",
                family=family.id,
            )
        lines = {
            "backup": f'[probes.backup] files = "/path/*.gz", older_than = "24h", symptom = "{symptom}"',
            "deploy_missed": f'[probes.deploy_missed] subject = "NAME", older_than = "7d", symptom = "{symptom}"',
        }
        wanted = next((lines[look] for look in family.looks if look in lines), "")
        if wanted and symptom not in known.set_by_hand:
            why = "nobody said where to look"
            return Unwatched(symptom=symptom, runbook="", text=example, why=why, add=wanted, place=row.place)
    if symptom in known.set_by_hand or _covered_by_words(example, handbook, {watcher.runbook for watcher in found}):
        return None
    by_hand = f'[probes.NAME] symptom = "{symptom}"'
    return Unwatched(
        symptom=symptom,
        runbook="",
        text=example,
        why="only a person or a sender can tell",
        add=by_hand,
        place=row.place,
    )


def certificates(handbook: Handbook, found: Sequence[Watcher], known: Known) -> Iterator[Watcher]:
    """The certificate of every https site that the page watches: hygiene until it ends, on the row that the page answers by its backlog."""
    row = next((row for row in handbook.severities if row.response.kind is Deadline.BACKLOG), None)
    if row is None or (symptom := f"matrix.{row.level}.certificate") in known.set_by_hand:
        return
    looked = {str(watcher.options["url"]) for watcher in found if watcher.kind == "certificate"}
    for site in sites(handbook):
        if site not in looked:
            options, what = certificate_of(site)
            yield Watcher(
                symptom=symptom,
                runbook="",
                kind="certificate",
                options=options,
                what=what,
                because=f"{row.place}: {row.label} is for what hurts nobody yet",
                family="certificate ending",
            )


def sites(handbook: Handbook) -> tuple[str, ...]:
    """The https origins of the page's own symptoms."""
    urls = [s.url for r in handbook.runbooks for s in r.symptoms if isinstance(s, HttpSymptom)]
    found = (re.match(r"https://[^/$\s]+(?=/|$)", url) for url in urls)
    return tuple(dict.fromkeys(one[0] for one in found if one))


def _is_about(watcher: Watcher, family: str) -> bool:
    """Whether the patterns of a log watcher, or a container's state, already show this family."""
    patterns = watcher.options.get("sought", ())
    held = {getattr(pattern, "family", "") for pattern in patterns} if isinstance(patterns, tuple) else set()
    return family in held or (family == "backend crash" and watcher.kind in ("container", "listing"))


_WORD = re.compile(r"[a-z]{4,}")
_EMPTY = frozenset({"unreachable", "broken", "failing", "down", "with", "from", "single", "failed", "user", "cannot"})


def _covered_by_words(example: str, handbook: Handbook, watched: set[str]) -> bool:
    """Whether a runbook of the page is about this example, by its title, and something watches it."""
    words = set(_WORD.findall(example.lower())) - _EMPTY
    about = [runbook for runbook in handbook.runbooks if runbook.id in watched]
    return any(words & (set(_WORD.findall(runbook.title.lower())) - _EMPTY) for runbook in about)
