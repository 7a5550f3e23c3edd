"""`firstfive demo`: the main job shown live, on a small shop of its own or on the lab.

One command of the command line; it starts the demo that lies beside the source. Touches no vault and no journal of yours.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from firstfive.cli.line import show
from firstfive.errors import Exit, FirstfiveError, Refused

EXAMPLES = Path(__file__).resolve().parents[4] / "examples"


@click.command()
@click.option(
    "--lab", is_flag=True, help="On a real stack, on a Docker Engine of its own (root): two faults, answered."
)
@click.option("--ask", is_flag=True, help="You are the person, in this terminal or in the browser.")
@click.option("--stay", is_flag=True, help="Keep shop and room up until Ctrl-C.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object instead of text; the demo's words go to standard error."
)
def demo(lab: bool, ask: bool, stay: bool, as_json: bool) -> None:
    """Show the main job live: from the first symptom to the written post-mortem."""
    if lab and (ask or stay):
        raise Refused(
            "the demo on the lab answers by itself and takes the lab away at its end",
            remedy="leave --ask and --stay out; `make lab` and `make lab-serve` keep one up",
            exit_code=Exit.USAGE,
        )
    script = EXAMPLES / ("compose/demo.py" if lab else "demo/run.py")
    if not script.is_file():
        raise FirstfiveError(
            "the demo lies beside the source, and this installation has none",
            where=str(EXAMPLES),
            remedy="take the source and run `make demo` in it",
            exit_code=Exit.USAGE,
        )
    words = [] if lab else [*([] if ask else ["--yes"]), *(["--stay"] if stay else [])]
    ran = subprocess.run([sys.executable, str(script), *words], stdout=sys.stderr if as_json else None, check=False)
    if ran.returncode == 128 + 2:
        raise KeyboardInterrupt
    if ran.returncode != 0:
        raise FirstfiveError("the demo did not come to its end", remedy="what it said above tells why")
    if as_json:
        show({"demo": "lab" if lab else "shop", "ended": True}, as_json=True, text=str)
