"""What a parameter may be, and which variables a script wants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstfive.errors import FirstfiveError
from firstfive.shell.bind import ACCEPTED, CLOSED, ParamType, check_value, is_secret, variable_uses, variables

TAKEN = [
    (ParamType.TEXT, "any; $(text) 'here'", "any; $(text) 'here'"),
    (ParamType.TEXT, "größe 🔌", "größe 🔌"),
    (ParamType.IMAGE_TAG, "1.4.2", "1.4.2"),
    (ParamType.IMAGE_TAG, "_edge", "_edge"),
    (ParamType.IP, "203.0.113.7", "203.0.113.7"),
    (ParamType.IP, "2001:DB8::1", "2001:db8::1"),
    (ParamType.INT, "007", "7"),
    (ParamType.INT, "0", "0"),
    (ParamType.DATE, "2030-01-31", "2030-01-31"),
    (ParamType.TIME, "03:00", "03:00"),
    (ParamType.TIME, "2030-01-31T03:00:59Z", "2030-01-31T03:00:59Z"),
    (ParamType.EMAIL, "someone+x@mail.example", "someone+x@mail.example"),
    (ParamType.SLUG, "shop-web.1_a", "shop-web.1_a"),
    (ParamType.PATH, "/var/log/shop/app-2.log", "/var/log/shop/app-2.log"),
    (ParamType.URL, "https://shop.example/a?b=c&d=%20", "https://shop.example/a?b=c&d=%20"),
]
REFUSED = [
    (ParamType.TEXT, "-x", "an option in disguise"),
    (ParamType.TEXT, "", "nothing"),
    (ParamType.TEXT, "   ", "nothing but blanks"),
    (ParamType.TEXT, "a\nb", "a second line"),
    (ParamType.TEXT, "a\x00b", "NUL"),
    (ParamType.TEXT, "a\x1b[2J", "a control sequence"),
    (ParamType.TEXT, "a\u202eb", "text that runs backwards"),
    (ParamType.TEXT, "a\u2028b", "a line end in disguise"),
    (ParamType.TEXT, "\ud800", "half a character"),
    (ParamType.TEXT, "x" * 1001, "too long"),
    (ParamType.IMAGE_TAG, "-1", "an option in disguise"),
    (ParamType.IMAGE_TAG, "a/b", "a whole reference"),
    (ParamType.IMAGE_TAG, "a--b", "a comment in SQL"),
    (ParamType.IMAGE_TAG, "x" * 129, "too long for Docker"),
    (ParamType.IP, "10.0.0.0/8", "a whole network"),
    (ParamType.IP, "fe80::1%$(x)", "a zone can hold anything"),
    (ParamType.IP, "203.0.113.007", "octal or decimal, nobody knows"),
    (ParamType.IP, "1234567", "a number"),
    (ParamType.INT, "-1", "below zero"),
    (ParamType.INT, "1.5", "no whole number"),
    (ParamType.INT, "٣", "a digit that is not ASCII"),
    (ParamType.INT, "0x10", "hexadecimal"),
    (ParamType.DATE, "2030-02-30", "no such day"),
    (ParamType.DATE, "20300131", "another spelling"),
    (ParamType.TIME, "24:00", "no such time"),
    (ParamType.TIME, "2030-02-30T01:00", "no such day"),
    (ParamType.EMAIL, "a b@mail.example", "a blank"),
    (ParamType.EMAIL, "'a'@mail.example", "quotes"),
    (ParamType.SLUG, ".hidden", "begins with a dot"),
    (ParamType.SLUG, "..", "the folder above"),
    (ParamType.SLUG, "a b", "two words"),
    (ParamType.SLUG, "größe", "letters that are not ASCII"),
    (ParamType.SLUG, "a\n", "a line end"),
    (ParamType.PATH, "/a/../../etc", "leads elsewhere"),
    (ParamType.PATH, "-rf", "an option in disguise"),
    (ParamType.PATH, "/var/log/my app.log", "a blank"),
    (ParamType.PATH, "/tmp/$(x)", "a dollar sign"),
    (ParamType.URL, "file:///etc/passwd", "another scheme"),
    (ParamType.URL, "https://a/$(x)", "a dollar sign"),
    (ParamType.URL, "https://a/ b", "a blank"),
    (ParamType.URL, "https://a/'", "a quote"),
]


@pytest.mark.parametrize(("kind", "value", "delivered"), TAKEN)
def test_a_good_value_is_taken_in_one_spelling(kind: ParamType, value: str, delivered: str) -> None:
    assert check_value(kind, value) == delivered
    assert check_value(kind, delivered) == delivered


@pytest.mark.parametrize(("kind", "value", "why"), REFUSED)
def test_a_bad_value_is_refused_with_what_is_accepted(kind: ParamType, value: str, why: str) -> None:
    with pytest.raises(FirstfiveError) as caught:
        check_value(kind, value)
    assert caught.value.code == "FF022", why
    assert caught.value.remedy == f"give {ACCEPTED[kind]}"
    assert caught.value.what.isprintable()


@given(st.sampled_from(sorted(ParamType)), st.text(max_size=40))
def test_no_value_that_passes_begins_with_a_dash_or_holds_a_control_character(kind: ParamType, value: str) -> None:
    try:
        delivered = check_value(kind, value)
    except FirstfiveError:
        return
    assert not delivered.startswith("-")
    assert delivered.isprintable() or kind in (ParamType.TEXT, ParamType.PATH, ParamType.URL)
    assert "\n" not in delivered
    if kind in CLOSED:
        assert all(char.isascii() and (char.isalnum() or char in "._-:") for char in delivered)


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ('redis-cli -a "$REDIS_PASSWORD" PING', ("REDIS_PASSWORD",)),
        ("curl ${URL}/x $KEY $URL", ("URL", "KEY")),
        ("X=1; echo $X $Y", ("Y",)),
        ("for h in a b; do ssh $h $CMD; done", ("CMD",)),
        ("read -r A B; echo $A $B $C", ("C",)),
        ("printf -v P x; echo $P", ()),
        ("export K=v; echo $K", ()),
        ("f() { local v=1; echo $v; }", ()),
        ("echo $1 $@ $? $$ $HOME $RANDOM", ()),
        ("echo '$NO' \\$NO", ()),
        ("cat <<E\n$YES\nE", ("YES",)),
        ("cat <<'E'\n$NO\nE", ()),
        ('echo "$(echo $IN)" ${D:-$E}', ("IN", "D", "E")),
        ("echo <x> $Y", ("Y",)),
        ("awk '{print $1}' f", ()),
    ],
)
def test_a_script_wants_the_variables_that_nothing_in_it_sets(script: str, names: tuple[str, ...]) -> None:
    assert variables(script) == names


def test_a_use_has_its_place() -> None:
    assert [(use.name, use.line, use.column) for use in variable_uses('true\necho "é $A"')] == [("A", 2, 10)]


@pytest.mark.parametrize(
    "name",
    ["REDIS_PASSWORD", "SMTP_PASS", "API_TOKEN", "SHKEEPER_API_KEY", "JWT_SECRET", "SENTRY_DSN", "PGPASSWORD", "MYSQL_PWD",
     "DATABASE_URL", "MONGODB_URI", "aws_secret_access_key", "CLIENTSECRET", "DB_PASSWD", "APIKEY"],
)  # fmt: skip
def test_a_secret_is_known_by_its_name(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    ["PWD", "OLDPWD", "SHKEEPER_API_URL", "SSH_PUBLIC_KEY", "KEYBOARD", "HOST", "COMPASS", "PASSENGERS", "TOKENIZER"],
)
def test_an_ordinary_name_is_none(name: str) -> None:
    assert not is_secret(name)
