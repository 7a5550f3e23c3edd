"""Values against real bash: whatever a value says, it arrives as it is and nothing in it is ever run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from firstfive.errors import FirstfiveError
from firstfive.shell.bind import CLOSED, ParamType, bind, check_value

BASH = shutil.which("bash") or "/bin/bash"

# Each shape prints the value between « and », once.
SHAPES = {
    "bare": "printf '«%s»' <v>",
    "bare, glued in front": "printf '«%s»' <v>-x",
    "bare, glued behind": "printf '«%s»' x/<v>",
    "double": "printf '«%s»' \"<v>\"",
    "double, inside words": "printf '«%s»' \"a <v> b\"",
    "single": "printf '«%s»' '<v>'",
    "single, inside words": "printf '«%s»' 'a <v> \"b\" $c'",
    "dollar single": "printf '«%s»' $'a\\t<v>\\x41'",
    "dollar double": "printf '«%s»' $\"<v>\"",
    "mixed quotes in one word": "printf '«%s»' a'<v>'b\"c\"",
    "here-document": "printf '«'; cat <<END\n<v>\nEND\nprintf '»'",
    "here-document with tabs": "printf '«'; cat <<-END\n\t<v>\n\tEND\nprintf '»'",
    "here-document, inside quotes that mean nothing": "printf '«'; cat <<END\n'<v>' \"x\"\nEND\nprintf '»'",
    "here-string": "printf '«'; cat <<< <v>; printf '»'",
    "here-string, double": "printf '«'; cat <<<\"<v>\"; printf '»'",
    "substitution": "printf '«%s»' \"$(printf %s <v>)\"",
    "double in a substitution in double": 'printf \'«%s»\' "$(printf %s "<v>")"',
    "single in a substitution in double": "printf '«%s»' \"$(printf %s '<v>')\"",
    "single in a substitution in a here-document": "printf '«'; cat <<END\n$(printf %s '<v>')\nEND\nprintf '»'",
    "backquotes": "x=`printf %s <v>`; printf '«%s»' \"$x\"",
    "backquotes in double": "printf '«%s»' \"`printf %s <v>`\"",
    "single in backquotes in double": "printf '«%s»' \"`printf %s '<v>'`\"",
    "default of an expansion": "printf '«%s»' ${nothing:-<v>}",
    "default of an expansion in double": "printf '«%s»' \"${nothing:-<v>}\"",
    "assignment": "x=<v>; printf '«%s»' \"$x\"",
    "assignment in double": 'x="a<v>"; printf \'«%s»\' "$x"',
    "assignment in front of a command": 'X=<v> bash -c \'printf "«%s»" "$X"\'',
    "exported": "export X=<v>; printf '«%s»' \"$X\"",
    "array": "x=(1 <v>); printf '«%s»' \"${x[1]}\"",
    "loop": "for x in <v>; do printf '«%s»' \"$x\"; done",
    "case word": "case <v> in *) printf '«%s»' <v>;; esac",
    "case pattern": 'x=<v>; case "$x" in <v>) printf \'«%s»\' "$x";; esac',
    "test": "if [[ <v> == <v> ]]; then printf '«%s»' <v>; fi",
    "bracket": "if [ <v> = <v> ]; then printf '«%s»' <v>; fi",
    "function": "f() { printf '«%s»' <v>; }; f",
    "subshell and pipe": "(printf '«%s»' <v>) | cat",
    "group in the background": "{ printf '«%s»' '<v>'; } & wait",
    "pattern removed in double": "x=<v>; printf '«%s»' \"<v>${x#<v>}\"",
    "replacement": "x=@; printf '«%s»' \"${x/@/<v>}\"",
    "process substitution": "printf '«%s»' \"$(cat <(printf %s <v>))\"",
}

PAYLOADS = [
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned",
    ";touch pwned;",
    "& touch pwned &",
    "&& touch pwned",
    "|| touch pwned",
    "| touch pwned",
    "x | touch pwned #",
    "$(touch pwned",
    "${x:-$(touch pwned)}",
    "${IFS}$(touch${IFS}pwned)",
    "$((a[$(touch pwned)]))",
    "a[$(touch pwned)]",
    "a[$(touch pwned)]=1",
    "$[a[$(touch pwned)]]",
    "<(touch pwned)",
    ">(touch pwned)",
    "> pwned",
    ">> pwned",
    "2>pwned",
    "<<<pwned",
    "'; touch pwned; '",
    "' $(touch pwned) '",
    '"; touch pwned; "',
    '"$(touch pwned)"',
    "'\"; touch pwned; \"'",
    "'\"'\"'; touch pwned; '\"'\"'",
    "\\'; touch pwned; \\'",
    '\\"; touch pwned; \\"',
    "\\$(touch pwned)",
    "\\`touch pwned\\`",
    "x\ntouch pwned\n:",
    "x\nEND\ntouch pwned\n:",
    "END",
    "x\n\tEND\ntouch pwned\n:",
    "}; touch pwned; {",
    "); touch pwned; (",
    ";; esac; touch pwned; case x in x",
    "*",
    "?????",
    "[a-z]*",
    "~",
    "{a,b}",
    "a  b\tc",
    "!!",
    "!touch",
    "\\",
    "trailing \\",
    "#",
    "x # y",
    "%s%n%d",
    "\\x41\\101\\n",
    "$HOME",
    "${FF_V}",
    "$FF_V",
    "$1 $@ $*",
    "é ☃ 🔌",
    "() { :; }; touch pwned",
    "-n",
    "--help",
    "-e",
    "",
    " ",
    "'",
    '"',
    "`",
    "$",
    "$'",
    "&",
    "|",
]


def run(script: str, value: str, where: Path) -> subprocess.CompletedProcess[bytes]:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "FF_V": value}
    return subprocess.run(
        [BASH, "-s"], input=script.encode(), env=environment, cwd=where, capture_output=True, timeout=20, check=False
    )


def expected(shape: str, value: str) -> str:
    """What bash prints when the value is a harmless word, with that word replaced: delivery must not depend on the value."""
    match shape:
        case "bare, glued in front":
            return f"{value}-x"
        case "bare, glued behind":
            return f"x/{value}"
        case "double, inside words":
            return f"a {value} b"
        case "single, inside words":
            return f'a {value} "b" $c'
        case "dollar single":
            return f"a\t{value}A"
        case "mixed quotes in one word":
            return f"a{value}bc"
        case "here-document, inside quotes that mean nothing":
            return f"'{value}' \"x\"\n"
        case "assignment in double":
            return f"a{value}"
        case _ if shape.startswith(("here-", "single in a substitution in a here-")):
            return f"{value}\n"
        case _:
            return value


@pytest.mark.parametrize("shape", SHAPES)
def test_a_value_arrives_as_it_is_and_nothing_in_it_runs(shape: str, tmp_path: Path) -> None:
    bound = bind(SHAPES[shape])
    assert bound.problems == ()
    assert "<v>" not in bound.script
    for payload in PAYLOADS:
        done = run(bound.script, payload, tmp_path)
        assert list(tmp_path.iterdir()) == [], (payload, bound.script)
        assert done.stdout.decode() == f"«{expected(shape, payload)}»", (payload, bound.script, done.stderr)


def test_text_substitution_would_have_run_them(tmp_path: Path) -> None:
    """The payloads are live: put into the script as text, many of them do run."""
    live = 0
    for number, payload in enumerate(PAYLOADS):
        where = tmp_path / str(number)
        where.mkdir()
        run(SHAPES["bare"].replace("<v>", payload), "", where)
        run(SHAPES["double"].replace("<v>", payload), "", where)
        live += (where / "pwned").exists()
    assert live >= 15


# Where a second interpreter reads the value: text of an open type is never bound, a closed type is checked before.
AGAIN = {
    "bash -c": ("bash -c 'printf «%s» <v>'", {}),
    "bash -c, double": ('bash -c "printf «%s» \\"<v>\\""', {}),
    "eval": ('eval "printf «%s» <v>"', {}),
    "eval through a variable": ('x=<v>; eval "printf «%s» $x"', {}),
    "sed": ("echo @ | sed 's|@|«<v>»|'", {}),
    "sed -e": ("echo @ | sed -n -e 's|@|«<v>»|p'", {}),
    "awk": ('awk \'BEGIN { printf "«%s»", "<v>" }\'', {}),
    "awk -v": ("awk -v x=<v> 'BEGIN { printf \"«%s»\", x }'", {}),
    "find -exec sh -c": ("find . -maxdepth 0 -exec sh -c 'printf «%s» <v>' \\;", {}),
    "piped into bash": ('echo "printf «%s» <v>" | bash', {}),
    "here-document of bash": ("bash <<END\nprintf «%s» <v>\nEND", {}),
    "here-string of bash": ("bash <<<'printf «%s» <v>'", {}),
    "env bash -c": ("env X=1 timeout 5 bash -c 'printf «%s» <v>'", {}),
    "xargs sh -c": ("echo x | xargs -I{} sh -c 'printf «%s» <v>'", {}),
    "sudo-like wrapper": ("nice -n 1 sh -c 'printf «%s» <v>'", {}),
    "trap": ("trap 'printf «%s» <v>' EXIT", {}),
}
CLOSED_OPEN_WORDS = sorted(CLOSED)


@pytest.mark.parametrize("shape", AGAIN)
def test_open_text_never_reaches_a_second_interpreter(shape: str) -> None:
    script, _ = AGAIN[shape]
    for kind in sorted(set(ParamType) - CLOSED):
        bound = bind(script, {"v": kind})
        assert bound.blocked, kind
        assert {problem.code for problem in bound.problems} == {"FF021"}
        assert "<v>" in bound.script


@pytest.mark.parametrize("shape", AGAIN)
def test_a_closed_value_is_harmless_in_a_second_interpreter(shape: str, tmp_path: Path) -> None:
    script, _ = AGAIN[shape]
    for kind in CLOSED_OPEN_WORDS:
        bound = bind(script, {"v": kind})
        assert not bound.blocked
        assert [problem.code for problem in bound.problems] == ["FF021"] * len(bound.problems)
        for payload in PAYLOADS:
            with pytest.raises(FirstfiveError):
                check_value(kind, payload + "$(touch pwned)")
    for value in ("1.4.2", "a_b-c.d", "127", "2030-01-31", "fe80", "END"):
        done = run(bind(script, {"v": ParamType.SLUG}).script, check_value(ParamType.SLUG, value), tmp_path)
        assert f"«{value}»" in done.stdout.decode(), (bind(script, {"v": ParamType.SLUG}).script, done.stderr)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_refused_by_every_closed_type_or_is_made_of_its_letters(payload: str) -> None:
    for kind in sorted(CLOSED):
        try:
            value = check_value(kind, payload)
        except FirstfiveError:
            continue
        else:
            assert all(char.isascii() and (char.isalnum() or char in "._-:") for char in value)
            assert value[0] not in "-"
