"""The original page, command by command: the verdict that each must get."""

from __future__ import annotations

import re

from firstfive.shell.risk import judge
from page import original_page

GOLDEN = {
    "3.1": ["read-only"] * 3 + ["changing"] * 3,
    "3.2": ["read-only"] * 3 + ["changing", "read-only"],
    "3.3": ["read-only", "read-only", "changing", "read-only", "changing", "changing", "changing"],
    "3.4": ["read-only"] * 3,
    "3.5": ["unknown"],
    "3.6": ["read-only"] * 4 + ["changing"],
    "3.7": ["read-only"] * 7 + ["unknown"],
}
_FENCE = re.compile(r"^### (\d\.\d) .*?^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
_OTHER = re.compile(r"^```(?:markdown)?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _neutral(text: str) -> str:
    return re.sub(r"<([\w-]+)>", r"F\1F", text)


def test_every_command_of_the_page_gets_its_verdict() -> None:
    page = original_page().decode()
    found = {
        number: [str(f.verdict) for f in judge(_neutral(block)).findings] for number, block in _FENCE.findall(page)
    }
    assert found == GOLDEN


def test_its_templates_are_no_commands() -> None:
    page = original_page().decode()
    templates = [
        body for body in _OTHER.findall(re.sub(r"^```bash\n.*?^```", "", page, flags=re.MULTILINE | re.DOTALL))
    ]
    assert len(templates) == 5
    assert [body for body in templates if str(judge(body).verdict) == "read-only"] == []
