"""Placeholders: what is one, where it stands, what it becomes, and where no value may go."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstfive.errors import ShellSyntaxError
from firstfive.shell.bind import Context, ParamType, bind, neutral, placeholders, type_of, variable_of
from firstfive.shell.parse import parse

REWRITES = [
    # as written, as sent
    ("ufw deny from <ip>", 'ufw deny from "${FF_IP}"'),
    ("mkdir /var/incidents/<date>/", 'mkdir /var/incidents/"${FF_DATE}"/'),
    ('echo "at <time>."', 'echo "at ${FF_TIME}."'),
    ("echo 'at <time>.'", "echo 'at '\"${FF_TIME}\"'.'"),
    ("echo $'a\\t<x>'", "echo $'a\\t'\"${FF_X}\"$''"),
    ("cat <<E\n<a> and '<a>'\nE", "cat <<E\n${FF_A} and '${FF_A}'\nE"),
    ("echo \"$(grep '<name>' f)\"", "echo \"$(grep ''\"${FF_NAME}\"'' f)\""),
    (
        "sed -i 's|:latest|:<previous-version>|' f.yml",
        "sed -i 's|:latest|:'\"${FF_PREVIOUS_VERSION}\"'|' f.yml",
    ),
    ("echo <two words> <two words>", 'echo "${FF_TWO_WORDS}" "${FF_TWO_WORDS}"'),
    ("echo <@you>", 'echo "${FF_YOU}"'),
    ("x=<a>; echo <b>", 'x="${FF_A}"; echo "${FF_B}"'),
    ("echo <a>:<b>", 'echo "${FF_A}":"${FF_B}"'),
    ("echo a # <b>", "echo a # <b>"),
    ("echo é <a>", 'echo é "${FF_A}"'),
    ("ssh <host> uptime", 'ssh "${FF_HOST}" uptime'),
    ("scp x <user>@<host>:", 'scp x "${FF_USER}"@"${FF_HOST}":'),
    ("echo $((<count> + 1))", "echo $((${FF_COUNT} + 1))"),
    ('echo "${x#<a>}"', 'echo "${x#"${FF_A}"}"'),
    ("jq --arg n <name> '.x' f", "jq --arg n \"${FF_NAME}\" '.x' f"),
    ("psql -h <host> -c 'select 1'", "psql -h \"${FF_HOST}\" -c 'select 1'"),
    ("sed 's/a/b/' <file>", "sed 's/a/b/' \"${FF_FILE}\""),
]


@pytest.mark.parametrize(("written", "sent"), REWRITES)
def test_a_placeholder_becomes_a_quoted_variable(written: str, sent: str) -> None:
    bound = bind(written)
    assert bound.script == sent
    assert not bound.blocked


UNTOUCHED = [
    ("sort < in > out", "redirections with spaces"),
    ("sort <in >out", "redirections glued to their words"),
    ("sort <in>out", "two redirections"),
    ("cat <<EOF >out\nx\nEOF", "a here-document"),
    ("cat <<<word", "a here-string"),
    ("diff <(ls a) <(ls b)", "process substitution"),
    ("echo '<b>bold</b>'", "mark-up"),
    ("grep '\\<word\\>' f", "the ends of a word in a pattern"),
    ("awk '$1<10 && $2>3' f", "comparisons"),
    ("[[ a < b ]]", "a comparison"),
    ("exec 3<>file", "a file opened for both"),
    ("echo '<-' '->' '<>' '< x>' '<x >'", "arrows and blanks"),
    ("cat <&3", "a duplicated descriptor"),
]


@pytest.mark.parametrize(("script", "what"), UNTOUCHED)
def test_what_is_no_placeholder_stays(script: str, what: str) -> None:
    assert bind(script).placeholders == (), what
    assert bind(script).script == script


REFUSED = [
    # script, code, words
    ("cat <<'E'\n<a>\nE", "FF023", "quoted here-document"),
    ("cat <<\\E\n<a>\nE", "FF023", "quoted here-document"),
    ("<tool> --version", "FF021", "would name the command"),
    ("sudo <tool>", "FF021", "would name the command"),
    ("./<tool>", "FF021", "would name the command"),
    ("docker exec web <tool>", "FF021", "would name the command"),
    ("find . -exec <tool> {} \\;", "FF021", "would name the command"),
    ("bash <script>", "FF021", "would name the command"),
    (". <file>", "FF021", "would name the command"),
    ("ssh host <name>", "FF021", "would name the command"),
    ("ssh host 'x; <name> y'", "FF021", "would name the command"),
    ("`echo <name>`", "FF021", "would name the command"),
    ("ssh host rm <what>", "FF021", "remote shell"),
    ("ssh -o <option> host", "FF021", "ssh option"),
    ("bash -c 'echo <what>'", "FF021", "shell"),
    ("bash -xc 'echo <what>'", "FF021", "shell"),
    ("eval echo <what>", "FF021", "shell"),
    ("sudo -u x timeout 5 bash -c 'echo <what>'", "FF021", "shell"),
    ("docker compose -f f exec -T web sh -c 'echo <what>'", "FF021", "shell"),
    ("docker run img sh -c 'echo <what>'", "FF021", "cannot be told apart"),
    ("$SHELL -c 'echo <what>'", "FF021", "cannot be told apart"),
    ("echo '<what>' | bash", "FF021", "shell"),
    ("echo '<what>' | sudo tee x | sh", "FF021", "shell"),
    ("echo '<what>' | while read x; do eval $x; done", "FF021", "eval"),
    ("psql -c \"select '<what>'\"", "FF021", "SQL"),
    ("mysql -e'select <what>'", "FF021", "SQL"),
    ("mysql --execute='select <what>'", "FF021", "SQL"),
    ("psql <<E\nselect '<what>';\nE", "FF021", "SQL"),
    ("mongosh --eval \"db.x.find('<what>')\"", "FF021", "JavaScript"),
    ("node -e \"f('<what>')\"", "FF021", "JavaScript"),
    ("python3.11 -c 'print(\"<what>\")'", "FF021", "Python"),
    ("redis-cli EVAL \"return '<what>'\" 0", "FF021", "Lua"),
    ("sed 's/<what>/x/'", "FF021", "sed script"),
    ("sed -ne 's/<what>/x/p' f", "FF021", "sed script"),
    ("awk '/<what>/' f", "FF021", "awk script"),
    ("awk -v x=<what> 1 f", "FF021", "awk script"),
    ("jq '.[\"<what>\"]' f", "FF021", "jq filter"),
    ("printf '<what>'", "FF021", "printf format"),
    ("docker inspect -f '{{.<what>}}' x", "FF021", "template"),
    ('curl -d \'{"a": "<what>"}\' u', "FF021", "not known"),
    ("echo $((<what>))", "FF021", "arithmetic"),
    ("echo ${a[<what>]}", "FF021", "arithmetic"),
    ("echo ${a:<what>:1}", "FF021", "arithmetic"),
    ("a[<what>]=1", "FF021", "arithmetic"),
    ("[[ <what> -eq 1 ]]", "FF021", "arithmetic"),
    ("(( x = <what> ))", "FF021", "arithmetic"),
    ('a["<what>"]=1', "FF021", "arithmetic"),
    ('[[ "<what>" -lt 3 ]]', "FF021", "arithmetic"),
    ("echo $(('<what>'))", "FF021", "arithmetic"),
    ("[[ $(echo <what>) -eq 1 ]]", "FF021", "arithmetic"),
    ('echo $((`echo "<what>"`))', "FF021", "arithmetic"),
    ("let x=<what>", "FF021", "arithmetic"),
    ("[ -v <what> ]", "FF021", "variable name"),
    ("[[ -v <what> ]]", "FF021", "variable name"),
    ("read <what>", "FF021", "variable name"),
    ("export <what>", "FF021", "takes no value"),
    ("declare -i x=<what>", "FF021", "declaration"),
    ('x=<what>; eval "$x"', "FF021", "shell"),
    ('x=<what>; y="a $x"; bash -c "$y"', "FF021", "shell"),
    ("x=<what>; echo $((x))", "FF021", "arithmetic"),
    ('for x in <what>; do ssh h "rm $x"; done', "FF021", "remote shell"),
    ("echo $<what>", "FF021", "takes no value"),
    ("<what>=1 true", "FF021", "takes no value|would name"),
    ("echo \"${x:-'<what>'}\"", "FF021", "inside an expansion"),
    ("trap 'echo <what>' EXIT", "FF021", "shell"),
    ("watch 'echo <what>'", "FF021", "shell"),
    ("xargs -I{} sh -c 'echo <what>'", "FF021", "shell"),
    ("sed 's-a-<version>-'", "FF021", "separates its parts"),
    ('echo \'{"a": "<what>"}\'', "FF021", "JSON"),
    ("some-tool <what>", "FF021", "not known"),
    ("git -c core.pager=<what> log", "FF021", "not known"),
    ("tar --to-command=<what> -xf x", "FF021", "not known"),
    ("fish -c 'echo <what>'", "FF021", "not known"),
    ("nsenter -t 1 sh -c 'echo <what>'", "FF021", "shell"),
    ("echo <what> | some-tool", "FF021", "not known"),
    ('f() { eval "$1"; }; f <what>', "FF021", "not known"),
    ('set -- <what>; eval "$1"', "FF021", "not known"),
    ("bash -c 'eval $1' _ <what>", "FF021", "not known"),
    ("bash <(echo <what>)", "FF021", "would name the command"),
    ("x=<what>; ls $x", "FF021", "not known"),
    ("for x in <what>; do rm $x; done", "FF021", "not known"),
    ('x=<what>; y=x; eval "${!y}"', "FF021", "shell"),
    ('x=<what>; echo "${x@P}"', "FF021", "prompt"),
    ("curl -d <what> u", "FF021", "not known"),
    ("curl -K <what>", "FF021", "not known"),
    ("PATH=<what> ls", "FF021", "would name the command"),
    ("export BASH_ENV=<what>", "FF021", "would name the command"),
    ("env LD_PRELOAD=<what> ls", "FF021", "would name the command"),
]


@pytest.mark.parametrize(("script", "code", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_where_a_value_would_be_code_it_is_not_bound(script: str, code: str, words: str) -> None:
    bound = bind(script)
    assert bound.blocked
    found = [problem for problem in bound.problems if problem.fatal]
    assert {problem.code for problem in found} == {code}
    assert any(word in problem.message for problem in found for word in words.split("|")), found
    assert "FF_" not in bound.script


@pytest.mark.parametrize(
    ("script", "reader"),
    [
        ("sed -i 's|:latest|:<previous-version>|' f", "sed script"),
        ("ssh <host> systemctl status <service>", "remote shell"),
        ("mongosh --eval \"db.x.find({id: '<id>'})\"", "JavaScript"),
        ("psql -c \"select * from t where day = '<date>'\"", "SQL"),
        ("bash -c 'ping -c <count> <ip>'", "shell"),
        ("echo $((<count>))", ""),
    ],
)
def test_a_closed_type_may_pass_and_is_named(script: str, reader: str) -> None:
    bound = bind(script)
    assert not bound.blocked
    assert {p.reader for p in bound.placeholders if p.reader} == ({reader} if reader else set())
    assert all(problem.code == "FF021" and not problem.fatal for problem in bound.problems)
    assert bool(bound.problems) == bool(reader)


@pytest.mark.parametrize(
    "script", ["./restore.sh <file>", "some-tool <name>", "mail -s x <email>", "git checkout <sha>"]
)
def test_a_value_of_restricted_letters_may_go_to_any_program(script: str) -> None:
    assert bind(script).problems == ()


@pytest.mark.parametrize(
    "script", ["curl -fsS <url>", "echo <what>", "docker exec web grep <what> /log", 'ls "<what>"']
)
def test_open_text_may_go_to_programs_that_take_it_as_data(script: str) -> None:
    assert bind(script).problems == ()


def test_a_declared_type_goes_before_the_guess() -> None:
    assert bind("bash -c 'echo <what>'", {"what": ParamType.SLUG}).blocked is False
    assert bind("bash -c 'echo <version>'", {"version": ParamType.TEXT}).blocked is True


def test_a_place_is_a_line_and_a_byte_column() -> None:
    found = placeholders("# <a>\necho 'é' \"<b>\" <c>\ncat <<E\n <d>\nE")
    assert [(p.name, p.line, p.column, p.context) for p in found] == [
        ("a", 1, 3, Context.COMMENT),
        ("b", 2, 12, Context.DOUBLE),
        ("c", 2, 17, Context.BARE),
        ("d", 4, 2, Context.HEREDOC),
    ]


def test_a_problem_stands_where_its_placeholder_stands() -> None:
    (problem,) = bind("true\nbash -c 'echo <a> <ip>'", {"ip": ParamType.TEXT, "a": ParamType.SLUG}).problems[1:]
    assert (problem.line, problem.column, problem.fatal) == (2, 19, True)


def test_the_variables_of_a_script_are_listed_once_without_those_of_comments() -> None:
    bound = bind("echo <ip> <ip> <other thing> # <comment>")
    assert bound.variables == (("FF_IP", ParamType.IP), ("FF_OTHER_THING", ParamType.TEXT))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ip", ParamType.IP),
        ("attacker-ip", ParamType.IP),
        ("previous-version", ParamType.IMAGE_TAG),
        ("image tag", ParamType.IMAGE_TAG),
        ("date", ParamType.DATE),
        ("YYYY-MM-DD", ParamType.DATE),
        ("time", ParamType.TIME),
        ("email", ParamType.EMAIL),
        ("backup file", ParamType.PATH),
        ("status url", ParamType.URL),
        ("container_name", ParamType.SLUG),
        ("pod", ParamType.SLUG),
        ("n", ParamType.INT),
        ("port", ParamType.INT),
        ("what", ParamType.TEXT),
        ("one-line summary", ParamType.TEXT),
    ],
)
def test_a_name_suggests_a_type(name: str, kind: ParamType) -> None:
    assert type_of(name) is kind


def test_a_variable_is_made_of_capitals_and_two_names_never_share_one_by_accident() -> None:
    assert variable_of("previous-version") == "FF_PREVIOUS_VERSION"
    assert variable_of("@you") == "FF_YOU"
    assert variable_of("größe") != variable_of("grüße")
    assert all(variable_of(name).isidentifier() for name in ("größe", "имя", "a b", "x.y"))


def test_a_syntax_error_is_told_where_it_stands_in_the_text_as_written() -> None:
    with pytest.raises(ShellSyntaxError) as caught:
        bind("true\necho <a very long name indeed> )")
    assert caught.value.line == 2
    assert caught.value.column == len("echo <a very long name indeed> )")


def test_a_reserved_word_is_refused() -> None:
    with pytest.raises(ShellSyntaxError):
        bind("echo FfSlot0Q <a>")


def test_the_neutral_text_is_what_gets_parsed() -> None:
    assert parse(neutral("grep <x> <y>")).statements[0].text == neutral("grep <x> <y>")


PIECES = st.sampled_from(
    ["<a>", "<b c>", "'", '"', "$(", ")", "`", "${x:-", "}", "<<E\n", "\nE\n", "echo ", "bash -c ", "sed ", " ", ";", "|", "$'", "$((",
     "))", "[[ ", " ]]", "x=", "#", "\n", "é", "\\", "for x in ", "; do ", "; done", "ssh h ", "{ ", "; }"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_a_bound_script_is_bash_and_keeps_no_open_placeholder(script: str) -> None:
    try:
        bound = bind(script)
    except ShellSyntaxError:
        return
    if not bound.placeholders or bound.blocked:
        return
    parse(bound.script)
    again = [p for p in bind(bound.script).placeholders if p.context is not Context.COMMENT]
    assert again == []
