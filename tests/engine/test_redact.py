"""What never reaches a stored or sent byte."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstfive.engine.redact import MASK, Redactor


@pytest.mark.parametrize(
    ("text", "kept", "why"),
    [
        ("password=hunter22 next", f"password={MASK} next", "a secret after its name"),
        ('{"apiKey": "abcd1234efgh"}', f'{{"apiKey": "{MASK}"}}', "a secret in JSON"),
        ("X-Api-Key: abcd1234", f"X-Api-Key: {MASK}", "a header"),
        ("Authorization: Bearer abcdefghijk.lmn", f"Authorization: Bearer {MASK}", "a bearer token"),
        ("redis://user:s3cretpw@redis:6379/0", f"redis://user:{MASK}@redis:6379/0", "a password in a URL"),
        ("REDIS_PASSWORD=aaaa", f"REDIS_PASSWORD={MASK}", "an environment line"),
        ("known value tr0ub4dor here", f"known value {MASK} here", "a value of the host's own env file"),
        ("\x1b]0;owned\x07title", "title", "a terminal title cannot be set"),
        ("\x1b[31mred\x1b[0m", "red", "colours go"),
        ("10%\r100%", "10%\n100%", "nothing overwrites what stood there"),
        ("a\u202eb\u200bc", "abc", "no reversed or hidden characters"),
        ("tab\tand\nnewline", "tab\tand\nnewline", "honest white space stays"),
        ("MongoNetworkError: connect ECONNREFUSED", "MongoNetworkError: connect ECONNREFUSED", "plain words stay"),
    ],
)
def test_secrets_and_control_sequences_go(text: str, kept: str, why: str) -> None:
    assert Redactor(["tr0ub4dor"]).clean(text)[0] == kept, why


def test_a_private_key_goes_whole() -> None:
    pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----"
    assert "MIIEow" not in Redactor().clean(pem)[0]


def test_much_text_keeps_its_ends_and_counts_what_went() -> None:
    text, dropped = Redactor().clean("a" * 600 + "b" * 600, cap=1000)
    assert dropped == 200
    assert text.startswith("a" * 500)
    assert text.endswith("b" * 500)


def test_an_output_says_in_its_gap_how_many_bytes_it_lacks_wherever_they_were_left_out() -> None:
    kept, missing = Redactor().output("a" * 600 + "ö" * 100 + "b" * 600, cap=1000, dropped=213_000_000)
    assert missing == 213_000_000 + 100 + 2 * 100 + 100
    assert kept == f"{'a' * 500}\n[... {missing} bytes left out ...]\n{'b' * 500}"


def test_an_output_whose_kept_part_is_nearly_all_control_sequences_still_says_what_it_lacks() -> None:
    assert Redactor().output("\x1b[0m" * 9, cap=1000, dropped=7) == (
        "\n[... 7 bytes before the end were left out ...]\n",
        7,
    )
    assert Redactor().output("whole", cap=1000, dropped=0) == ("whole", 0)


def test_a_line_is_one_line() -> None:
    assert Redactor().line("a\n b\r\nc", width=4) == "a b…"


@given(st.text(max_size=200), st.text(alphabet="abcdefgh0123456789", min_size=6, max_size=20))
def test_a_known_value_never_comes_through(around: str, secret: str) -> None:
    cleaned = Redactor([secret]).clean(f"{around} {secret} {around}")[0]
    assert secret not in cleaned or secret in MASK


def test_a_value_that_is_learnt_later_is_hidden_as_well_and_the_old_one_stays_so() -> None:
    redactor = Redactor(["first-password"])
    redactor.learn(["second-password", "abc"])
    assert redactor.line("first-password second-password abc") == "[redacted] [redacted] abc"
    assert not redactor.harmless(b"holds second-password")


# The same shapes as patterns that look for their words themselves, which takes six times as long.
SLOW = (
    re.compile(
        r"(?i)\b([\w.-]*(?:password|passwd|routing[_-]?key|secret|token|api[_-]?key|private[_-]?key)[\w.-]*\"?\s*[=:]\s*\"?)([^\s\"',;&]{4,})"
    ),
    re.compile(r"(?i)\b((?:bearer|basic)\s+)([A-Za-z0-9._~+/=-]{8,})"),
    re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)([^\s/@]+)(?=@)"),
    re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(.*?)(?=-----END|$)", re.DOTALL),
)
PARTS = [
    *("password", "PassWd", "routing-key", "secret", "Token", "api_key", "apikey", "private key", "x", "-", ".", "_"),
    *(
        "=",
        ":",
        '"',
        " ",
        "\n",
        ",",
        "&",
        "abcd",
        "12345678",
        "\u0130",
        "Bearer ",
        "basic\t",
        "https://",
        "u:",
        "p@",
        "@",
    ),
    *("-----BEGIN RSA PRIVATE KEY-----", "-----END", "é"),
]


@given(st.lists(st.sampled_from(PARTS), max_size=30).map("".join))
def test_what_is_hidden_is_what_the_shapes_say(text: str) -> None:
    slow = text
    for pattern in SLOW:
        slow = pattern.sub(r"\1[redacted]", slow)
    assert Redactor().bare(text) == slow
