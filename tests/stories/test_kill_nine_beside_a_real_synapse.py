"""The same crashes beside a real Matrix server: each message stands in the room exactly once, read back from the room itself."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from notifiers.recorded import serving
from notifiers.test_real_synapse import Server as Synapse
from notifiers.test_real_synapse import call
from notifiers.test_real_synapse import server as server
from stories.dying_mouth import BOUNDARIES
from stories.mouths import Server, played, slow_webhook

pytestmark = [
    pytest.mark.process,
    pytest.mark.soak,
    pytest.mark.xdist_group("synapse"),
    pytest.mark.timeout(600),
]
CRASHES, AT_ONCE = 20, 4


def test_each_message_stands_in_the_room_exactly_once(server: Synapse, tmp_path: Path) -> None:
    def crash(seed: int) -> tuple[str, bool]:
        room = str(
            call("POST", f"{server.url}/_matrix/client/v3/createRoom", server.bot, {"name": f"{seed}"})["room_id"]
        )
        draw = random.Random(seed)
        with serving(slow_webhook) as hook:
            mine = Server(
                folder=tmp_path / str(seed), room_url=server.url, token=server.bot, room=room, hook_url=hook.url
            )
            return room, played(mine, draw.choice(BOUNDARIES), draw.randint(1, 4))

    with ThreadPoolExecutor(AT_ONCE) as several:
        found = list(several.map(crash, range(CRASHES)))
    assert sum(died for _, died in found) >= CRASHES // 2
    for room, _ in found:
        path = f"{server.url}/_matrix/client/v3/rooms/{room}/messages?dir=b&limit=100"
        rows = [row for row in call("GET", path, server.bot)["chunk"] if row["type"] == "m.room.message"]
        keys = Counter(row["content"]["org.firstfive.key"] for row in rows)
        assert len(keys) >= 3
        assert max(keys.values()) == 1, keys
