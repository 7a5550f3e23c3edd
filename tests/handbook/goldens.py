"""Golden pairs: what the pages in `pages/` compile to. Run this file to write them anew, then read the diff."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from firstfive.handbook.compile import compile_vault
from firstfive.handbook.model import Handbook, Place
from firstfive.handbook.report import render_problems, to_json

HERE = Path(__file__).resolve().parent
PAGES = HERE / "pages"
ORIGINAL = HERE / "original.json"


def cases() -> list[str]:
    """The names of all cases: a page, or a folder that is a vault."""
    return sorted(path.stem for path in PAGES.iterdir() if path.suffix == ".md" or path.is_dir())


def vault_of(case: str) -> dict[str, bytes]:
    """The pages of a case."""
    folder = PAGES / case
    if folder.is_dir():
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.md"))}
    return {f"{case}.md": (PAGES / f"{case}.md").read_bytes()}


def render(case: str) -> str:
    """The golden text of a case: the handbook without hashes, with every problem as a person sees it."""
    handbook = compile_vault(vault_of(case))
    plain = to_json(handbook)
    del plain["digest"], plain["sources"], plain["problems"]
    plain["problems"] = [re.sub(r"(FF015: [^:]*).*", r"\1", line) for line in render_problems(handbook).splitlines()]
    return _dump(_without_defaults(plain))


def outline_of(handbook: Handbook) -> str:
    """The structure of a handbook without its sentences: ids, places, verdicts, kinds, and problems by code and place."""
    plain: dict[str, Any] = {
        "severities": [[s.level, s.response.kind, _at(s.place), len(s.examples)] for s in handbook.severities],
        "checks": [[c.id, c.kind, _at(c.place), bool(c.script)] for c in handbook.checks],
        "runbooks": {
            f"{runbook.number} {runbook.id} {_at(runbook.place)}": {
                "severity": runbook.severity,
                "symptoms": [f"{type(s).__name__} {_at(s.place)}" for s in runbook.symptoms],
                "steps": [
                    {
                        f"{step.id} {_at(step.place)}": f"{step.mode}, {step.verdict}, {step.purpose}",
                        "commands": [
                            f"{_at(c.place)} {c.verdict} {' '.join(sorted(c.tags))}".strip() for c in step.commands
                        ],
                        "parameters": [f"{p.variable} {p.kind} {_at(p.place)}" for p in step.parameters],
                        "when": str(step.when) if step.when else step.phrase and "ask",
                        "branches": [f"{_at(b.place)} {b.condition or 'ask'}" for b in step.branches],
                        "causes": [f"{_at(c.place)} {c.see}".strip() for c in step.causes],
                        "facts": list(step.facts),
                        "notes": len(step.notes),
                    }
                    for step in runbook.steps
                ],
                "duties": [f"{d.kind} {d.level or ''} {_at(d.place)}".replace("  ", " ") for d in runbook.duties],
                "notes": len(runbook.notes),
            }
            for runbook in handbook.runbooks
        },
        "templates": [[t.id, t.kind, len(t.fields), _at(t.place)] for t in handbook.templates],
        "contacts": [[_at(c.place), c.reachable] for c in handbook.contacts],
        "closing": [[_at(c.place), c.done] for c in handbook.closing],
        "problems": [f"{_at(p.place)} {p.level} {p.code}" for p in handbook.problems],
    }
    return _dump(_without_defaults(plain))


def _at(place: Place) -> str:
    return f"{place.line}:{place.column}"


def _without_defaults(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            k: _without_defaults(v)
            for k, v in value.items()
            if k != "reason" and (v not in (None, "", [], {}, 0) or k in ("level", "done"))
        }
    if isinstance(value, list):
        return [_without_defaults(item) for item in value]
    return value


def _dump(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"


def regenerate() -> None:
    """Write every golden file anew."""
    for case in cases():
        (PAGES / f"{case}.json").write_text(render(case), encoding="utf-8")
    sys.path.insert(0, str(HERE.parent))
    from page import NAME, original_path

    if original_path().is_file():
        page = original_path().read_bytes()
        ORIGINAL.write_text(outline_of(compile_vault({NAME: page})), encoding="utf-8")


if __name__ == "__main__":
    regenerate()
