"""`firstfive demo` shows the main job from beginning to end, and says what it cannot show."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.door import Ask, process
from firstfive.cli.practice import demo


@pytest.mark.process
@pytest.mark.timeout(240)
def test_the_main_job_is_shown_and_the_answer_is_one_object(tmp_path: Path) -> None:
    said = process("demo", "--json", cwd=tmp_path)
    assert said.code == 0, said.err
    assert said.json == {"schema": "firstfive/1", "demo": "shop", "ended": True}
    assert "post-mortem" in said.err
    assert list(tmp_path.iterdir()) == [], "nothing is left where it was asked for"


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Demos of two lines, which say how they were called."""
    for name in ("demo/run.py", "compose/demo.py"):
        script = tmp_path / "examples" / name
        script.parent.mkdir(parents=True)
        script.write_text(f"import sys\nprint('{name}', sys.argv[1:], flush=True)\nsys.exit('broken' in sys.argv[0])\n")
    monkeypatch.setattr(demo, "EXAMPLES", tmp_path / "examples")
    return tmp_path / "examples"


@pytest.mark.parametrize(
    ("words", "called"),
    [
        ((), "demo/run.py ['--yes']\n"),
        (("--ask", "--stay"), "demo/run.py ['--stay']\n"),
        (("--lab",), "compose/demo.py []\n"),
    ],
    ids=["a scripted person", "you", "the lab"],
)
def test_which_demo_is_shown(
    examples: Path, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], called: str
) -> None:
    assert demo.demo.main(list(words), standalone_mode=False) is None
    assert capfd.readouterr().out == called


def test_a_demo_that_breaks_off_is_no_success(examples: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "EXAMPLES", examples.rename(examples.with_name("broken")))
    said = ask("demo")
    assert (said.code, said.err) == (
        1,
        "error: the demo did not come to its end\n  help: what it said above tells why\n",
    )


def test_an_installation_without_the_source_says_so(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "EXAMPLES", tmp_path / "nowhere")
    said = ask("demo")
    assert (said.code, said.err) == (
        2,
        "error: the demo lies beside the source, and this installation has none\n"
        f"  --> {tmp_path}/nowhere\n"
        "  help: take the source and run `make demo` in it\n",
    )


def test_a_lab_that_is_to_stay_is_refused(ask: Ask) -> None:
    said = ask("demo", "--lab", "--stay")
    assert (said.code, said.err) == (
        2,
        "error: the demo on the lab answers by itself and takes the lab away at its end\n"
        "  help: leave --ask and --stay out; `make lab` and `make lab-serve` keep one up\n",
    )
