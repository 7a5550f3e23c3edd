"""The front door: the fastest answers first, then the command line, with the web server handed to it where it is asked for.

Imports as little as it can: `--help` is a file, `status` is one look at the journal, everything else loads its own command only.
"""

from __future__ import annotations

import os
import sys


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; whatever happens on the way out, nobody sees a traceback for Ctrl-C or a closed pipe."""
    words = sys.argv[1:] if argv is None else argv
    try:
        code = _answer(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        return 130
    except OSError as problem:
        _mute()
        if not isinstance(problem, BrokenPipeError):
            sys.stderr.write(f"error: the answer could not be printed: {problem.strerror}\n")
            sys.stderr.write("  help: free space, or print it elsewhere; what was asked for may have been done\n")
        return 1
    return code


def _mute() -> None:
    """Point standard output nowhere, so that what is left in it does not fail a second time at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _answer(words: list[str]) -> int:
    completing = "_FIRSTFIVE_COMPLETE" in os.environ  # noqa: TID251 - the shell's question, not a setting
    if not completing and (not words or words in (["--help"], ["-h"])):
        from importlib.util import find_spec

        spec = find_spec("firstfive")
        folder = next(iter((spec.submodule_search_locations if spec else None) or [""]))
        with open(f"{folder}/cli/help.txt", encoding="utf-8") as text:
            sys.stdout.write(text.read())
        return 0
    if words[:1] == ["status"] and not completing:
        from firstfive.cli import quick

        done = quick.status(words[1:])
        if done is not None:
            return done
    from firstfive.cli.commands import run

    return run(words, serve=_serve)


def _serve(settings: object, say: object) -> None:
    """Start the web server around the program; the only join of the two surfaces."""
    import signal

    pressed: list[int] = []

    def interrupted(number: int, _: object) -> None:
        pressed.append(number)
        raise KeyboardInterrupt

    # What is raised while a module's lock is let go is dropped by the interpreter, so that the key was pressed is looked at once more.
    asked = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if asked:
        signal.signal(signal.SIGINT, interrupted)
    from firstfive.web.serve import serve

    if asked:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if pressed:
        raise KeyboardInterrupt
    serve(settings, say)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
