"""The front door: the fastest answers first, then the command line, with the web server handed to it where it is asked for.

Imports as little as it can: `--help` is a file, `status` is one look at the journal, everything else loads its own command only.
"""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    if not words or words in (["--help"], ["-h"]):
        from importlib.util import find_spec

        spec = find_spec("firstfive")
        folder = next(iter((spec.submodule_search_locations if spec else None) or [""]))
        with open(f"{folder}/cli/help.txt", encoding="utf-8") as text:
            sys.stdout.write(text.read())
        return 0
    if words[0] == "status":
        from firstfive.cli import quick

        done = quick.status(words[1:])
        if done is not None:
            return done
    from firstfive.cli.commands import run

    return run(words, serve=_serve)


def _serve(settings: object, say: object) -> None:
    """Start the web server around the program; the only join of the two surfaces."""
    from firstfive.web.serve import serve

    serve(settings, say)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
