"""The main job, live: a small real shop, Firstfive beside it, a bad release, and everything up to the written post-mortem.

`make demo` runs it with a scripted person (`--yes`). Without that the person is you, in this terminal or in the browser.
Everything happens in a folder of its own under the system's temporary folder and on loopback; nothing stays behind but that folder.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import select
import signal
import sys
import time
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from stage import GOOD, Stage, StageError

PATIENCE = 120.0
AWAKE = 2.5  # seconds until the scripted person has read the page on the phone
BOLD, DIM, RED, GREEN, OFF = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[0m"
if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
    BOLD = DIM = RED = GREEN = OFF = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--yes", action="store_true", help="a scripted person acknowledges and approves")
    parser.add_argument("--stay", action="store_true", help="keep shop and room up until Ctrl-C")
    parser.add_argument("--brief", action="store_true", help="print the summary only")
    parser.add_argument("--folder", type=Path, help="work here instead of a temporary folder")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with Stage(chosen.folder) as stage:
        try:
            if chosen.brief:
                with contextlib.redirect_stdout(io.StringIO()):
                    rows = show(stage, yes=True)
                say("  ".join(f"{name} {value.split()[0]} s" for name, value in rows[:6]))
                return 0
            show(stage, yes=chosen.yes)
            if chosen.stay:
                stay(stage)
        except StageError as problem:
            say(f"{RED}the demo stopped: {problem}{OFF}")
            say(stage.logs())
            return 1
        except KeyboardInterrupt:
            say("stopped")
            return 130
    return 0


def say(text: str = "") -> None:
    print(text, flush=True)


def title(text: str) -> None:
    say(f"\n{BOLD}== {text}{OFF}")


def show(stage: Stage, *, yes: bool) -> list[tuple[str, str]]:
    title("A small shop, healthy")
    stage.start_shop()
    say(f"shop    {stage.shop_url}  release {GOOD}, kept up by a process keeper")
    stage.start_firstfive()
    say(f"room    {stage.sign_in}")
    say(f"folder  {stage.folder}")
    stage.wait_quiet()
    say(f"{DIM}Firstfive compiled the page in the vault and watches its symptoms.{OFF}")

    title("A bad release goes out")
    broken_at = stage.deploy_bad()
    say(f"deployed {stage.bad}; the shop now crashes at start, and the keeper restarts it")

    title("What Firstfive does")
    seen = follow(stage, yes=yes)

    title("The post-mortem, as it lies in the vault")
    path = stage.vault / seen["postmortem"]["path"]
    lines = path.read_text().splitlines()
    for line in lines[:44]:
        say(f"  {DIM}|{OFF} {line}")
    if len(lines) > 44:
        say(f"  {DIM}| ... {len(lines) - 44} more lines in {path}{OFF}")

    title("Summary")
    rows = summary(seen, broken_at)
    for name, value in rows:
        say(f"  {name:<18} {value}")
    return rows


def follow(stage: Stage, *, yes: bool) -> dict:
    """Print the timeline as it grows and play the person's part until the post-mortem is written."""
    until = time.monotonic() + (PATIENCE if yes else 3600)
    printed = 0
    done: set[str] = set()
    asked = False
    while time.monotonic() < until:
        stage.check_alive()
        incident = stage.newest()
        if incident is None:
            time.sleep(0.1)
            continue
        for entry in incident["timeline"][printed:]:
            say(line(entry))
        printed = len(incident["timeline"])
        if incident.get("postmortem"):
            return incident
        if incident.get("postmortem_why_not"):
            raise StageError(f"no post-mortem: {incident['postmortem_why_not']}")
        if yes:
            play(stage, incident, done)
        elif incident["waiting"] and not asked:
            asked = True
            person(stage, incident)
        time.sleep(0.1)
    raise StageError(f"no post-mortem within {PATIENCE:.0f} s")


def line(entry: dict) -> str:
    clock = entry["at"][11:19]
    colour = {"Declared": RED, "Mitigated": GREEN, "Verified": GREEN, "Resolved": GREEN}.get(entry["kind"], "")
    text = entry["text"]
    first, *more = text.splitlines() or [""]
    body = "".join(f"\n            {DIM}|{OFF} {part}" for part in more)
    return f"  {DIM}{clock}{OFF}  {colour}{first}{OFF}{body}"


def play(stage: Stage, incident: dict, done: set[str]) -> None:
    """The scripted person: takes it, says what they think, approves the step that waits after reading it."""
    name = incident["id"]
    if (incident["seconds"]["since_declared"] or 0) < AWAKE:
        return
    if "ack" not in done:
        done.add("ack")
        left = incident["seconds"]["until_hypothesis"]
        if left is not None:
            say(
                f"  {BOLD}clock{OFF}     {left // 60:.0f} min {left % 60:.0f} s left to find a hypothesis; then the page rolls back anyway"
            )
        stage.say(name, "ack", {})
    for waiting in incident["waiting"]:
        if waiting["missing"] or waiting["run"] in done or (waiting["doubts"] and len(incident["waiting"]) > 1):
            continue
        if "hypothesis" not in done:
            done.add("hypothesis")
            stage.say(name, "hypothesis", {"text": f"release {stage.bad} cannot start: a setting it needs is missing"})
        done.add(waiting["run"])
        say(f"  {BOLD}person{OFF}    approves exactly this on {waiting['target']}:")
        for part in str(waiting["script"]).strip().splitlines():
            say(f"            {BOLD}${OFF} {part}")
        for key, value in waiting["environment"]:
            say(f"            with {key}={value}")
        stage.say(name, "approve", {"run": waiting["run"], "sha256": waiting["sha256"]})


def person(stage: Stage, incident: dict) -> None:
    """You are the person: approve here, or in the browser."""
    waiting = incident["waiting"][0]
    say(f"\n{BOLD}Waiting for your approval{OFF} on {waiting['target']}: {waiting['why']}")
    for part in str(waiting["script"]).strip().splitlines():
        say(f"    $ {part}")
    for key, value in waiting["environment"]:
        say(f"    with {key}={value}")
    if not sys.stdin.isatty():
        say(f"Approve it in the browser: {stage.sign_in}")
        return
    answer = typed(stage, waiting["run"])
    if answer.strip().lower() == "yes":
        stage.say(incident["id"], "ack", {})
        stage.say(incident["id"], "approve", {"run": waiting["run"], "sha256": waiting["sha256"]})


def typed(stage: Stage, run: str) -> str:
    """What is typed; empty as soon as the browser was faster."""
    print("Type yes to run exactly this, anything else to leave it to the browser: ", end="", flush=True)
    while not select.select([sys.stdin], [], [], 0.5)[0]:
        now = stage.newest()
        if now is not None and all(one["run"] != run for one in now["waiting"]):
            say("answered in the browser.")
            return ""
    return sys.stdin.readline()


def summary(seen: dict, broken_at: datetime) -> list[tuple[str, str]]:
    def after(stamp: str | None) -> str:
        if not stamp:
            return "unknown"
        return f"{(datetime.fromisoformat(stamp) - broken_at).total_seconds():.1f} s after the bad deploy"

    entries = seen["timeline"]
    facts = [e["at"] for e in entries if e["kind"] == "CheckDone"][: len(seen["checks"])]
    asked = next((e["at"] for e in entries if e["kind"] == "ApprovalAsked"), None)
    return [
        ("detected", after(seen["started_at"])),
        ("declared", after(seen["declared_at"])),
        ("facts", after(max(facts, default=None))),
        ("roll-back offered", after(asked)),
        ("mitigated", after(seen["mitigated_at"])),
        ("resolved", after(seen["resolved_at"])),
        ("severity", f"SEV-{seen['level']}: {seen['level_why']}"),
        ("post-mortem", f"{seen['postmortem']['path']}, due {seen['postmortem']['due']}"),
        ("timeline", f"{len(entries)} events, head {entries[-1]['hash'][:16]}"),
    ]


def stay(stage: Stage) -> None:
    say(f"\nStill up: {stage.sign_in}\nCtrl-C ends it.")
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            stage.check_alive()
            time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
