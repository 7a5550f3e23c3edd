"""Notifiers and routes out of the settings: what is taken, what is refused in words, and what a missing secret does."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from firstfive.app.mouth import notifiers_of, routes_of
from firstfive.errors import SettingsError
from firstfive.settings import load
from firstfive.settings.mouth import KINDS

GOOD = """
[notifiers.chat]
kind = "matrix"
url = "https://matrix.example.org/"
token_env = "CHAT_TOKEN"
room = "!ops:example.org"

[notifiers.mail]
kind = "email"
host = "smtp.example.org"
sender = "ff@example.org"

[notifiers.phone]
kind = "ntfy"
topic = "ops"

[notify]
fallback = ["mail:ops@example.org"]

[notify.channels]
"#Customer-Comms" = ["chat:!cc:example.org"]

[people.ana]
aliases = ["@ana"]
email = "ana@example.org"
matrix = "!ana:example.org"
ntfy = "ana-topic"
slack = "U1"
"""


def read(folder: Path, text: str) -> object:
    (folder / "firstfive.toml").write_text(text)
    return load(config=folder / "firstfive.toml")


def now() -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC)


def test_channels_and_people_lead_where_settings_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_TOKEN", "t0ken")
    settings = read(tmp_path, GOOD)
    working, remarks = notifiers_of(settings, now)
    assert ([one.name for one in working], remarks) == (["chat", "mail", "phone"], ())
    routes = routes_of(settings, working)
    assert [str(way) for way in routes.channel("#customer-comms")] == ["chat:!cc:example.org"]
    assert [str(way) for way in routes.channel("#incidents")] == ["chat:", "phone:"], "mail has no address of its own"
    assert [str(way) for way in routes.fallback] == ["mail:ops@example.org"]
    ways = [str(way) for way in routes.own("@Ana")]
    assert ways == ["phone:ana-topic", "chat:!ana:example.org", "mail:ana@example.org"], "there is no Slack here"
    assert routes.own("a stranger") == ()


def test_a_secret_that_nobody_set_leaves_the_notifier_out_and_says_so(tmp_path: Path) -> None:
    working, remarks = notifiers_of(read(tmp_path, GOOD), now)
    assert [one.name for one in working] == ["mail", "phone"]
    assert remarks == ("notifier chat: CHAT_TOKEN is not set, so it tells nobody",)


WRONG = [
    ('[notifiers.x]\nkind = "pigeon"', "kind 'pigeon' is not known", "a kind that there is not"),
    ('[notifiers.x]\nkind = "matrix"', "needs url", "half a notifier"),
    ('[notifiers.x]\nkind = "ntfy"\ntopik = "a"', r"there is no setting \[notifiers.x\] topik", "a slip of the pen"),
    ('[notifiers.x]\nkind = "webhook"\nsecret_env = "S"', "needs url", "a webhook to nowhere"),
    ('[notifiers.x]\nkind = "email"\nhost = "h"\nsender = "s"\nport = "a"', "port is a number", "a port that is none"),
    ('[notifiers.x]\nkind = "email"\nhost = "h"\nsender = "s"\ntls = "no"', "starttls, tls or none", "a wish for tls"),
    ("notifiers = 3", "notifiers is a table", "no table"),
    ('[notify]\nfallback = ["pigeon:x"]', "which is no notifier", "a route to nobody"),
    ('[notify]\nfallback = "mail"', "is a list of texts", "a text for a list"),
    ('[notifiers."a:b"]\nkind = "ntfy"', "is no name of a notifier", "a name that a route cannot say"),
]


@pytest.mark.parametrize(("text", "words", "because"), WRONG, ids=[row[2] for row in WRONG])
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str, because: str) -> None:
    with pytest.raises(SettingsError, match=words) as refused:
        read(tmp_path, text)
    assert refused.value.remedy, because


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    keys = {key for key in KINDS[kind] if not (kind == "webhook" and key == "url")}
    values = {"port": "25", "tls": "none", "url": "https://x.example", "answers": "links"}
    for key in keys:
        if key.endswith("_env"):
            monkeypatch.setenv(f"FF_{key}".upper(), "https://x.example")
    rows = [f'{k} = "{f"FF_{k}".upper() if k.endswith("_env") else values.get(k, "x")}"' for k in sorted(keys)]
    working, remarks = notifiers_of(read(tmp_path, f'[notifiers.{kind}]\nkind = "{kind}"\n' + "\n".join(rows)), now)
    assert (len(working), remarks) == (0 if kind == "console" else 1, ())
