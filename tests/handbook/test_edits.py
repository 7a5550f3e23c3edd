"""Edits on a page: which are offered, that they change their own bytes only, and what keeps one from being made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstfive.errors import PageError
from firstfive.handbook.compile import Options, compile_vault
from firstfive.handbook.edits import Edit, Plan, patched, plan
from firstfive.handbook.edits.offers import usual
from firstfive.handbook.edits.spans import apart
from page import original_page

HEAD = "# Incident\n\n## 3.1 Web down\n\n**Symptoms.** `web` shows `Restarting` in `docker ps`.\n\n**Runbook.**\n\n"


def fence(*lines: str) -> str:
    return HEAD + "```bash\n" + "\n".join(lines) + "\n```\n"


def planned(text: str, *, links: bool = False, **others: str) -> Plan:
    pages = {"Incident.md": text.encode(), **{f"{name}.md": other.encode() for name, other in others.items()}}
    return plan(pages, "Incident.md", main="Incident.md", options=Options(), links=links)


def insert(start: int, text: bytes, old: bytes = b"") -> Edit:
    return Edit(start=start, old=old, text=text, line=1, why="")


@given(st.binary(max_size=200))
def test_no_edit_gives_the_same_bytes(raw: bytes) -> None:
    assert patched(raw, ()) == raw


@st.composite
def pages_with_edits(draw: st.DrawFn) -> tuple[bytes, tuple[Edit, ...]]:
    raw = draw(st.binary(max_size=200))
    spans = draw(st.lists(st.tuples(st.integers(0, len(raw)), st.integers(0, len(raw))), max_size=8))
    edits = [insert(min(s), draw(st.binary(max_size=10)), raw[min(s) : max(s)]) for s in spans]
    return raw, apart(edits)


@given(pages_with_edits())
def test_edits_change_their_spans_and_nothing_else(made: tuple[bytes, tuple[Edit, ...]]) -> None:
    raw, edits = made
    new = patched(raw, edits)
    at, shift = 0, 0
    for edit in edits:
        assert new[at + shift : edit.start + shift] == raw[at : edit.start]
        assert new[edit.start + shift : edit.start + shift + len(edit.text)] == edit.text
        at, shift = edit.end, shift + len(edit.text) - len(edit.old)
    assert new[at + shift :] == raw[at:]
    assert len(new) == len(raw) + shift


@given(pages_with_edits())
def test_undone_edits_give_the_page_back(made: tuple[bytes, tuple[Edit, ...]]) -> None:
    raw, edits = made
    back, shift = [], 0
    for edit in edits:
        back.append(replace(edit, start=edit.start + shift, old=edit.text, text=edit.old))
        shift += len(edit.text) - len(edit.old)
    assert patched(patched(raw, edits), back) == raw


@pytest.mark.parametrize(
    "edits",
    [
        pytest.param((insert(0, b"x", b"ab"), insert(1, b"y", b"b")), id="two on the same byte"),
        pytest.param((insert(2, b"x", b"cd"),), id="behind the end"),
        pytest.param((insert(0, b"x", b"z"),), id="other bytes than it replaces"),
    ],
)
def test_edits_that_do_not_fit_are_refused(edits: tuple[Edit, ...]) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        patched(b"abc", edits)


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        pytest.param("#:timeout=5s", "#: timeout=5s", id="a space after the colon"),
        pytest.param("#:   when   x > 1  ", "#: when x > 1", id="one space, none at the end"),
        pytest.param("#: When x > 1", "#: when x > 1", id="small letters"),
        pytest.param("#: timout=5s", "#: timeout=5s", id="a misspelt attribute"),
        pytest.param("#: expct exit == 0", "#: expect exit == 0", id="a misspelt directive"),
        pytest.param("#: retry=3 id=a timeout=5s", "#: id=a timeout=5s retry=3", id="the order of the reference"),
        pytest.param('#: approve="role: lead" id=a', '#: id=a approve="role: lead"', id="a quoted value stays whole"),
        pytest.param("#: manual  id=a", "#: id=a manual", id="an attribute without a value"),
        pytest.param("#: id=a id=b", "#: id=a id=b", id="a repeated one keeps its order"),
        pytest.param("#: frobnicate=3", "#: frobnicate=3", id="an unknown word stays"),
        pytest.param("#: id=a what is this", "#: id=a what is this", id="a line with an unknown word stays whole"),
        pytest.param("#:", "#:", id="nothing in it"),
        pytest.param("#: when", "#: when", id="nothing behind it"),
        pytest.param('#: if "x  y"  = a  ==  1', '#: if "x  y"  = a  ==  1', id="a condition is not touched"),
    ],
)
def test_a_directive_in_its_usual_spelling(written: str, wanted: str) -> None:
    assert usual(written) == wanted
    assert usual(wanted) == wanted


def test_the_spelling_of_a_directive_is_mended_on_the_page() -> None:
    made = planned(fence("# 1. Look", "#:timout=5s   id=look", "docker ps"))
    assert made.after == fence("# 1. Look", "#: id=look timeout=5s", "docker ps").encode()
    assert [edit.code for edit in made.edits] == ["FF041"]
    assert not made.left


def test_what_only_looks_like_a_directive_is_not_touched() -> None:
    text = fence("# 1. Write", "cat > notes <<'END'", "#:timeout=5s", "END", 'echo "', "#:timeout=5s", '"')
    made = planned(text)
    assert made.after == text.encode()
    assert not made.left


def test_a_fence_that_bash_cannot_read_is_not_touched() -> None:
    text = fence("# 1. Look", "#:timeout=5s", "if then")
    assert planned(text).after == text.encode()


def test_a_directive_beside_a_placeholder_is_mended() -> None:
    text = fence("# 1. Look", "#:timeout=5s", "cat <name>.log")
    assert planned(text).after == text.replace("#:timeout", "#: timeout").encode()


def test_a_directive_inside_a_quote_keeps_its_indentation() -> None:
    text = fence("# 1. Look", "#:timeout=5s", "docker ps").replace(HEAD, "")
    quoted = HEAD + "".join(f"> {line}\n" for line in text.splitlines())
    assert planned(quoted).after == quoted.replace("#:timeout", "#: timeout").encode()


def test_line_ends_and_a_byte_order_mark_stay() -> None:
    text = "\ufeff" + fence("# 1. Look", "#:timeout=5s", "docker ps").replace("\n", "\r\n").removesuffix("\r\n")
    assert planned(text).after == text.replace("#:timeout", "#: timeout").encode()


def test_a_fix_that_a_problem_names_is_made() -> None:
    text = fence("# 1. Block", 'docker exec -it db mongosh --eval "db.a.updateOne({x: 1}, {$set: {y: 2}})"')
    made = planned(text)
    assert made.after == text.replace("-it", "-i").replace("$set", "\\$set").encode()
    assert {edit.code for edit in made.edits} == {"FF051", "FF056"}
    gone = {p.code for p in compile_vault({"Incident.md": made.after}).problems}
    assert not gone & {"FF051", "FF056"}


def test_the_original_page_gets_two_edits_and_keeps_every_other_byte() -> None:
    raw = original_page()
    made = plan({"P.md": raw}, "P.md", main=None, options=Options(), links=False)
    assert [(edit.line, edit.code) for edit in made.edits] == [(247, "FF051"), (250, "FF056")]
    was, now = raw.splitlines(keepends=True), made.after.splitlines(keepends=True)
    assert [n + 1 for n, (a, b) in enumerate(zip(was, now, strict=True)) if a != b] == [247, 250]
    again = plan({"P.md": made.after}, "P.md", main=None, options=Options(), links=True)
    assert not again.edits


LINKED = HEAD + "See [[Deploy#Roll bak]].\n\n```bash\n# 1. Look\ndocker ps\n```\n"


def test_a_link_in_prose_is_only_named() -> None:
    made = planned(LINKED, Deploy="# Deploy\n\n## Roll back\n\nText.\n")
    assert made.after == LINKED.encode()
    ((edit, why),) = made.left
    assert (edit.code, edit.text, why) == ("FF030", b"Deploy#Roll back", "it changes prose; --links includes it")


def test_a_link_is_mended_when_it_is_asked_for() -> None:
    made = planned(LINKED, links=True, Deploy="# Deploy\n\n## Roll back\n\nText.\n")
    assert made.after == LINKED.replace("Roll bak", "Roll back").encode()


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        pytest.param("#3.2", "#3.2 Queue full", id="by its number"),
        pytest.param("Deplyo", "Deploy", id="a page by its name"),
        pytest.param("Deploy#Rol back|back", "Deploy#Roll back|back", id="a label stays"),
        pytest.param("Deploy#Step", None, id="two headings are close"),
        pytest.param("Nothing like it", None, id="nothing is close"),
    ],
)
def test_a_link_is_mended_when_it_can_mean_one_thing(target: str, wanted: str | None) -> None:
    text = LINKED.replace("Deploy#Roll bak", target) + "\n## 3.2 Queue full\n\n```bash\nls\n```\n"
    made = planned(text, links=True, Deploy="# Deploy\n\n## Roll back\n\n## Step 1\n\n## Step 2\n")
    assert made.after == (text.replace(f"[[{target}]]", f"[[{wanted}]]") if wanted else text).encode()


def test_an_edit_that_would_add_a_problem_is_left_out_and_the_rest_is_made() -> None:
    text = fence("# 1. Look", "#: whn frob ==", "docker ps", "", "# 2. Again", "#:timeout=5s", "docker ps")
    made = planned(text)
    assert made.after == text.replace("#:timeout", "#: timeout").encode()
    ((edit, why),) = made.left
    assert (edit.line, edit.text) == (11, b"#: when frob ==")
    assert why == "it would bring FF042 on line 11"


def test_an_edit_that_would_change_another_step_is_left_out() -> None:
    text = fence(
        "# 1. Look",
        '#: fcat db.age : duration = since(timestamp(line(1)))',
        "cat /var/lib/stamp",
        "",
        "# 2. Old?",
        '#: when db.age > duration("5m")',
        "docker ps",
    )  # fmt: skip
    made = planned(text)
    assert made.after == text.encode()
    ((edit, why),) = made.left
    assert edit.text.startswith(b"#: fact")
    assert why in ("something else on the page would be read differently", "a problem on line 15 would be gone as well")


def test_an_edit_that_lets_a_step_run_with_less_asking_is_left_to_a_person() -> None:
    text = fence("# 1. Count", 'docker exec db mongosh --eval "db.a.find({x: {$lt: 3}}).count()"')
    made = planned(text)
    assert made.after == text.encode()
    ((edit, why),) = made.left
    assert edit.code == "FF056"
    assert why == '"Count" would run with less asking: auto, read-only'


PAGES = sorted((Path(__file__).parent / "pages").rglob("*.md"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_of_the_collection_is_mended_once_and_for_all(path: Path) -> None:
    raw = path.read_bytes()
    try:
        made = plan({path.name: raw}, path.name, main=None, options=Options(), links=True)
    except PageError:
        return
    lines = {edit.line for edit in made.edits}
    was, now = raw.splitlines(keepends=True), made.after.splitlines(keepends=True)
    assert {n for n, (a, b) in enumerate(zip(was, now, strict=True), 1) if a != b} == lines
    assert not plan({path.name: made.after}, path.name, main=None, options=Options(), links=True).edits


def test_same_page_same_plan() -> None:
    text = fence("# 1. Look", "#:timout=5s", "docker exec -it web ps")
    assert planned(text) == planned(text)
