"""Changes out of packs from the command line: shown, approved, refused in words. The incident is the demo's."""

from __future__ import annotations

from pathlib import Path

from cli.door import Ask


def test_a_block_is_asked_for_shown_and_approved(ask: Ask) -> None:
    ask("declare", "Shop down: health answers 502", "--severity", "1")
    asked = ask("block", "INC-1", "203.0.113.7", "--for", "30m")
    assert asked.code == 0
    assert "block 203.0.113.7 for 30 minutes" in asked.out
    shown = ask("approve", "INC-1", "block.1", "--dry-run")
    assert (shown.code, "timeout 1800s" in shown.err) == (0, True)
    assert "behind a proxy" in shown.err


def test_a_private_address_is_refused_with_the_reason(ask: Ask, vault: Path) -> None:
    ask("declare", "Shop down: health answers 502", "--severity", "1")
    said = ask("block", "INC-1", "192.168.1.9")
    assert said.code != 0
    assert "192.168.1.9" in said.err


def test_an_nginx_that_does_not_answer_and_an_updater_that_was_never_stopped_are_said(ask: Ask) -> None:
    ask("declare", "Shop down: health answers 502", "--severity", "1")
    assert "nginx" in ask("mend-websocket", "INC-1").err
    assert "no updater was stopped" in ask("resume-updater", "INC-1").err
