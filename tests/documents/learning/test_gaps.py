"""A fault that nothing showed: the edit on offer puts its symptom on the page, and the page that took it watches for it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from firstfive.documents.learning.gaps import Silent, proposed
from firstfive.faults import FAULTS, Fault
from firstfive.handbook.compile import compile_vault
from firstfive.handbook.model import Handbook, Runbook
from firstfive.handbook.watching import Known, watchers
from page import original_page

NAME = "Incidents.md"
KNOWN = Known(docker=True, logs=("access",), environment={}, secrets=frozenset(), trackers=False)
PAGE = """\
# Incidents

## 3. Common incidents

### 3.1 Backend down

**Symptoms.** The backend is down.

**Runbook.**

```bash
# 1. Look
docker ps
```

### 3.3 Redis unreachable

Mind the rate limits.

**Runbook.**

```bash
# 1. Look
docker ps -a
```

## 4. Templates
"""


def read(text: str) -> Handbook:
    return compile_vault({NAME: text.encode()})


def silent(fault: Fault) -> Silent:
    return Silent(fault=fault.name, symptom=fault.symptom, fits=fault.fits, title=fault.runbook.capitalize())


def book(handbook: Handbook, fault: Fault) -> Runbook:
    return next(one for one in handbook.runbooks if fault.fits(one.title))


def mute(page: str) -> str:
    """The page without what it says of symptoms."""
    return re.sub(r"^\*\*Symptoms\.\*\*.*$", "**Symptoms.** Customers complain.", page, flags=re.MULTILINE)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_page_that_took_the_edit_looks_for_the_fault(fault: Fault, tmp_path: Path) -> None:
    before = mute(original_page().decode())
    lesson = proposed(read(before), silent(fault))
    assert lesson is not None
    (tmp_path / NAME).write_bytes(before.encode())
    subprocess.run(["patch", "-p1", "--quiet"], input=lesson.diff.encode(), cwd=tmp_path, check=True, timeout=20)
    after = (tmp_path / NAME).read_bytes().decode()
    assert after == lesson.after
    handbook = read(after)
    runbook = book(handbook, fault)
    looked = {watcher.symptom for watcher in watchers(handbook, KNOWN).watchers}
    assert looked & {symptom.id for symptom in runbook.symptoms}, [symptom.text for symptom in runbook.symptoms]
    assert len(handbook.runbooks) == len(read(before).runbooks)
    assert proposed(handbook, silent(fault)) is None, "what the page says already is not offered again"


FAULT = next(one for one in FAULTS if one.name == "redis-stopped")


def test_one_line_changes_below_the_symptoms_that_are_there() -> None:
    page = PAGE.replace("Mind the rate limits.", "**Symptoms.** Redis is gone.")
    lesson = proposed(read(page), silent(FAULT))
    assert lesson is not None
    assert lesson.after == page.replace("Redis is gone.", f"Redis is gone. {FAULT.symptom}")
    assert lesson.edits[0].why == "the drill redis-stopped showed nothing that the page looks for"


def test_a_runbook_without_symptoms_gets_its_first() -> None:
    lesson = proposed(read(PAGE), silent(FAULT))
    assert lesson is not None
    assert f"### 3.3 Redis unreachable\n\n**Symptoms.** {FAULT.symptom}\n\nMind the rate limits." in lesson.after


@pytest.mark.parametrize(
    "ending", ["\n## 4. Templates\n", "\n", ""], ids=["more follows", "the end", "no last newline"]
)
def test_a_page_without_a_runbook_for_it_gets_one(ending: str) -> None:
    page = PAGE.removesuffix("\n## 4. Templates\n") + ending
    fault = next(one for one in FAULTS if one.name == "smtp-refused")
    lesson = proposed(read(page), silent(fault))
    assert lesson is not None
    handbook = read(lesson.after)
    assert book(handbook, fault).title == "Email mail smtp"
    assert len(handbook.runbooks) == len(read(page).runbooks) + 1


def test_windows_line_ends_stay() -> None:
    lesson = proposed(read(PAGE.replace("\n", "\r\n")), silent(FAULT))
    assert lesson is not None
    assert "\n" not in lesson.after.replace("\r\n", "")


def test_a_vault_without_any_runbook_is_left_alone() -> None:
    notes = "# Notes\n\n## Severity matrix\n\n| Sev | Meaning |\n|---|---|\n| Sev 1 | Down |\n"
    assert proposed(read(notes), silent(FAULT)) is None
