"""Which notifiers of the settings listen, and which of them open links instead."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from firstfive.app.answers import listeners as listening
from firstfive.app.answers.listeners import Kept
from firstfive.app.mouth import notifiers_of, routes_of
from firstfive.engine.clock import SystemClock
from firstfive.errors import SettingsError
from firstfive.notifiers.slack import Slack
from firstfive.settings import load

SLACK = '[notifiers.chat]\nkind = "slack"\ntoken_env = "BOT"\nchannel = "C1"\n'
TELEGRAM = '[notifiers.tg]\nkind = "telegram"\ntoken_env = "BOT"\nchat = "-100"\n'


@pytest.mark.parametrize(
    ("table", "answering", "because"),
    [
        (SLACK, set(), "without an app token nobody can listen"),
        (SLACK + 'app_token_env = "APP"\n', {"chat"}, "Slack's socket"),
        (TELEGRAM, {"tg"}, "a bot is asked for its updates"),
        (TELEGRAM + 'answers = "links"\n', set(), "another program asks for them"),
    ],
)
def test_it_listens_where_the_chat_says_who_pressed(
    tmp_path: Path, table: str, answering: set[str], because: str
) -> None:
    made = settings(tmp_path, table)
    notifiers, remarks = notifiers_of(made, SystemClock().now)
    assert remarks == ()
    assert set(routes_of(made, notifiers).answering) == answering, because
    for one in notifiers:
        if isinstance(one, Slack) and answering:
            assert one.app_token == "xapp-1"


def test_without_its_app_token_slack_still_tells_and_says_so(tmp_path: Path) -> None:
    made = settings(tmp_path, SLACK + 'app_token_env = "NOBODY_SET_IT"\n')
    notifiers, remarks = notifiers_of(made, SystemClock().now)
    assert [one.name for one in notifiers] == ["chat"]
    assert remarks == ("notifier chat: its app token is not set, so its buttons open links",)
    assert routes_of(made, notifiers).answering == frozenset()


def settings(folder: Path, table: str):
    (folder / "vault").mkdir()
    (folder / "vault" / "Incident Response.md").write_text("# Incident Response\n")
    (folder / "secrets.env").write_text("BOT=xoxb-1\nAPP=xapp-1\n")
    target = '[targets.local]\nenv_file = "secrets.env"\n'
    (folder / "firstfive.toml").write_text(f'vault = "vault"\nstate = "state"\n{target}{table}')
    return load(config=folder / "firstfive.toml")


def test_a_third_way_of_answering_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="answers is poll or links"):
        settings(tmp_path, TELEGRAM + 'answers = "webhook"\n')


def test_a_listener_that_stumbles_ends_nothing_and_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "AGAIN", 0.01)
    begun: list[int] = []
    told: list[str] = []

    class Stumbling:
        async def run(self, stop: asyncio.Event) -> None:
            begun.append(1)
            if len(begun) < 3:
                raise KeyError("a shape that nobody thought of")
            stop.set()

    async def run() -> None:
        await asyncio.wait_for(Kept(listener=Stumbling(), log=told.append).run(asyncio.Event()), 5)

    asyncio.run(run())
    assert len(begun) == 3
    assert told == ["Stumbling ended and begins anew: KeyError"] * 2
