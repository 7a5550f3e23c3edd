"""The reference has a row for each kind of look."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstfive.app.looks import KINDS
from firstfive.settings.watching import PROBES

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "probes.md"


def test_what_settings_take_is_what_can_be_built() -> None:
    assert set(KINDS) == set(PROBES)


@pytest.mark.parametrize("kind", sorted(PROBES))
def test_each_kind_has_a_row(kind: str) -> None:
    assert f"| `{kind}` |" in REFERENCE.read_text()
