"""The demo on real processes, with `kill -9` of the server after each of its events and a restart: the same post-mortem every time.

Every fourth event here, the others in `make soak`.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples" / "demo"))

from stage import Stage  # noqa: E402

DYING = Path(__file__).resolve().parent / "dying.py"
PATIENCE = 60.0

pytestmark = [pytest.mark.process]


def played(folder: Path, dies_after: int) -> tuple[str, int, int]:
    """One demo; the server dies after that many events (0: never). Returns the post-mortem, events, and times it died."""
    with Stage(folder) as stage:
        toml = stage.vault / "firstfive.toml"
        toml.write_text(
            toml.read_text()
            .replace('probe_interval = "500ms"', 'probe_interval = "200ms"')
            .replace('log_quiet = "6s"', 'log_quiet = "500ms"')
            .replace('resolve_after = "3s"', 'resolve_after = "500ms"')
        )
        stage.start_shop()
        command = [sys.executable, str(DYING), str(dies_after)] if dies_after else []
        stage.start_firstfive(command)
        time.sleep(0.3)
        stage.deploy_bad()
        deaths = 0
        done: set[str] = set()
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if stage.firstfive_ended:
                deaths += 1
                stage.start_firstfive()
            incident = stage.newest()
            if incident and incident["postmortem"]:
                text = (stage.vault / incident["postmortem"]["path"]).read_text()
                written = list((stage.vault / "postmortems").glob("*.md"))
                assert len(written) == 1, written
                runs = [e for e in incident["timeline"] if e["kind"] == "StepStarted" and "keeper restart" in e["text"]]
                assert len(runs) <= 1
                return text, len(incident["timeline"]), deaths
            if incident:
                play(stage, incident, done)
            time.sleep(0.03)
        raise AssertionError(f"no post-mortem after a kill at event {dies_after}\n{stage.logs()}")


def play(stage: Stage, incident: dict, done: set[str]) -> None:
    """The person's part; asking again is harmless when an answer got lost."""
    from stage import StageError

    try:
        if not incident["acknowledged_by"]:
            stage.say(incident["id"], "ack", {})
        elif not incident["hypothesis"]:
            stage.say(incident["id"], "hypothesis", {"text": "1.4.2 cannot start"})
        else:
            for waiting in incident["waiting"]:
                if not waiting["doubts"] and not waiting["missing"]:
                    stage.say(incident["id"], "approve", {"run": waiting["run"], "sha256": waiting["sha256"]})
    except StageError:
        return


def outline(text: str) -> set[str]:
    """What must be the same however often the server died: sections, severity, milestones, and which steps ran.

    Which symptom came first, and the order of looks that run side by side, differ from run to run without any crash.
    """
    marks = re.findall(r"\*\*([^*]+)\*\*", text)
    steps = re.findall(r"^### Run \d+: (.*)$", text, re.MULTILINE)
    fixed = {line for line in text.splitlines() if line.startswith(("## ", "severity:"))}
    return fixed | set(marks) | set(steps)


PARTS = 4


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.soak) for part in range(1, PARTS))])
def test_the_same_post_mortem_whenever_it_dies(tmp_path: Path, part: int) -> None:
    whole, events, deaths = played(tmp_path / "calm", 0)
    assert deaths == 0
    assert events > 25
    died = 0
    for number in range(1 + part, events + 1, PARTS):
        text, _, deaths = played(tmp_path / str(number), number)
        died += deaths
        assert outline(text) == outline(whole), f"a kill after event {number} changed the post-mortem"
    assert died >= events // PARTS - 3, (
        "runs differ by an event or two, so that only the very last kills may find nothing to kill"
    )
