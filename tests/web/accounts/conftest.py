"""A house for each test, closed afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from documents.story import OPENING
from web.accounts.house import House, house
from web.room import Room


@pytest.fixture
def build_house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    made: list[House] = []

    def one(**options: Any) -> House:
        made.append(house(tmp_path / str(len(made)), **options))
        return made[-1]

    yield one
    for each in made:
        each.entrance.close()


@pytest.fixture
def home(build_house: Callable[..., House]) -> House:
    """A room in which INC-1 waits for an approval."""
    room = Room()
    room.tell("INC-1", OPENING)
    return build_house(room=room)
