"""Real processes, killed with signal 9 while they tell: nothing is lost, no message comes twice too often, none twice to Matrix."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stories.dying_mouth import BOUNDARIES
from stories.mouths import Crashed, chosen, crashed

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]
AT_ONCE = 4
SWEEP = 100


def holds(found: Crashed, what: str) -> None:
    assert len(found.room) >= 3, f"{what}: notice, page and update stand in the room"
    assert len(found.room) == len(set(found.room)), f"{what}: exactly once where a repeat is known"
    assert set(found.hook) >= found.wanted, f"{what}: at least once everywhere"
    assert max(found.hook.values()) <= 2, f"{what}: no message comes more than once too often"


def test_nothing_is_lost_at_any_boundary(tmp_path: Path) -> None:
    with ThreadPoolExecutor(AT_ONCE) as several:
        points = [(boundary, 1 + place % 2) for place, boundary in enumerate(BOUNDARIES)]
        runs = [several.submit(crashed, tmp_path / str(n), *point) for n, point in enumerate(points)]
        for point, run in zip(points, runs, strict=True):
            found = run.result()
            assert found.died, f"nothing was killed at {point}"
            holds(found, str(point))


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_nothing_is_lost_in_a_hundred_crashes(tmp_path: Path) -> None:
    twice, died = 0, 0
    with ThreadPoolExecutor(AT_ONCE) as several:
        runs = [several.submit(crashed, tmp_path / str(seed), *chosen(seed)) for seed in range(SWEEP)]
        for seed, run in enumerate(runs):
            found = run.result()
            holds(found, f"seed {seed}, {chosen(seed)}")
            twice += found.twice()
            died += found.died
    assert died >= SWEEP // 2
    assert twice <= died, f"{twice} repeats in {died} crashes"
