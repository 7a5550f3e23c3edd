"""The assistant's door, spoken to by the protocol's own client over standard input and output, beside a server that really runs."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from cli.door import Ask, argv, environment
from cli.test_serve import quiet_vault as quiet_vault
from cli.test_serve import server as server

TOOLS = {"open_incidents", "incident", "timeline", "search", "handbook", "suggest_step"}


def spoken(vault: Path, *calls: tuple[str, dict[str, Any]]) -> tuple[set[str], list[tuple[bool, str]]]:
    """The names of the tools, and of each call whether it went well and what was answered."""
    command, *words = argv("mcp")

    async def talk() -> tuple[set[str], list[tuple[bool, str]]]:
        started = StdioServerParameters(command=command, args=words, env=environment(), cwd=vault)
        async with Client(started, read_timeout_seconds=20) as client:
            tools = await client.list_tools()
            answers = []
            for name, fields in calls:
                told = await client.call_tool(name, fields)
                answers.append((not told.is_error, "".join(getattr(part, "text", "") for part in told.content)))
            return {tool.name for tool in tools.tools}, answers

    return asyncio.run(asyncio.wait_for(talk(), 50))


def test_an_assistant_reads_and_suggests_and_a_person_approves(
    server: subprocess.Popen[str], quiet_vault: Path, ask: Ask
) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    tools, answers = spoken(
        quiet_vault,
        ("open_incidents", {}),
        ("incident", {"id": "INC-1"}),
        ("handbook", {}),
        ("suggest_step", {"id": "INC-1", "step": "shop-down#2", "why": "the door is locked"}),
        ("timeline", {"id": "INC-1"}),
        ("search", {"words": "shop"}),
    )
    assert tools == TOOLS, "nothing that approves, sets, declares, tells or resolves"
    assert all(good for good, _ in answers), answers
    told = [json.loads(text) for _, text in answers]
    assert told[0]["incidents"][0]["id"] == "INC-1"
    assert "timeline" not in told[1]
    assert told[3]["waits_for_a_person"]
    assert told[3]["waiting"][0]["script"].strip() == "touch opened"
    assert "suggests shop-down#2: the door is locked" in answers[4][1]
    assert not (quiet_vault / "opened").exists()
    assert "assistant" in ask("timeline", "INC-1").out


REFUSED = [
    ("incident", {"id": "INC-9"}, "there is no incident INC-9", "an incident that is not there"),
    ("incident", {"id": "../doctor"}, "", "a path for an id"),
    ("timeline", {"id": "INC-1", "after": "x"}, "after", "words for a number"),
    ("suggest_step", {"id": "INC-1", "step": "shop-down#9", "why": "x"}, "shop-down#9", "a step that is not there"),
    ("suggest_step", {"id": "INC-1", "step": "shop-down#2", "why": " "}, "say why", "no reason"),
    ("approve", {"id": "INC-1"}, "approve", "a tool that is not there"),
]


def test_what_cannot_be_is_said(server: subprocess.Popen[str], quiet_vault: Path, ask: Ask) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    for name, fields, words, why in REFUSED:
        try:
            _, ((good, text),) = spoken(quiet_vault, (name, fields))
        except BaseException as problem:
            good, text = False, repr(getattr(problem, "exceptions", problem))
        assert not good, why
        assert words in text, (why, text)
    assert "waits" not in ask("status", "INC-1").out


def test_without_a_server_it_reads_and_does_not_suggest(quiet_vault: Path, ask: Ask) -> None:
    ask("declare", "the shop is shut", "--severity", "1")
    _, answers = spoken(
        quiet_vault,
        ("open_incidents", {}),
        ("suggest_step", {"id": "INC-1", "step": "shop-down#2", "why": "x"}),
    )
    assert answers[0][0]
    assert answers[1] == (False, answers[1][1])
    assert "no server runs" in answers[1][1]


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    monkeypatch.setattr("firstfive.cli.outside.mcp.find_spec", lambda _: None)
    said = ask("mcp")
    assert said.code != 0
    assert "pip install 'firstfive[mcp]'" in said.err
