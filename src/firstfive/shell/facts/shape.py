"""The shape of a command line: its pipeline, each stage as program and arguments, seen through sudo, docker exec and their like.

Called by `packs`. Works on parsed words, never on the text, so `echo "docker ps"` is an echo.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from firstfive.errors import ShellSyntaxError
from firstfive.shell.bind.placeholders import found_in
from firstfive.shell.bind.rewrite import neutralised, parsed
from firstfive.shell.commandline import program_of, stages_of, words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One command of a pipeline. `words` are its arguments (None: only bash knows), `container` where docker exec runs it."""

    program: str
    words: tuple[str | None, ...]
    container: str | None = None

    @property
    def known(self) -> tuple[str, ...]:
        """The arguments that stand in the text."""
        return tuple(word for word in self.words if word is not None)

    @property
    def compose(self) -> bool:
        """Whether this is a call of Docker Compose, in either spelling."""
        return self.program == "docker-compose" or "compose" in self.words[:5]

    def option(self, *names: str) -> str | None:
        """The value of the first such option, written `--name value` or `--name=value`."""
        for at, word in enumerate(self.words):
            if word in names and at + 1 < len(self.words):
                return self.words[at + 1]
            for name in names:
                if word is not None and name.startswith("--") and word.startswith(f"{name}="):
                    return word.partition("=")[2]
        return None


Pipeline = tuple[Stage, ...]


@lru_cache(maxsize=2048)
def shapes_of(command: str) -> tuple[Pipeline, ...]:
    """The top-level pipelines of a script. A stage that is no simple command has no program; text that is no bash has no shape."""
    found = found_in(command)
    try:
        tree = parsed(command, found, neutralised(command, found)).tree
    except ShellSyntaxError:
        return ()
    return tuple(
        tuple(_stage(part) for part in stages_of(statement.get("Cmd"))) for statement in tree.get("Stmts") or ()
    )


def _stage(node: object) -> Stage:
    if not isinstance(node, dict) or node.get("Type") != "CallExpr":
        return Stage(program="", words=())
    words = words_of(node, bound=True)
    program = program_of(words) if words else None
    if program is None:
        return Stage(program="", words=())
    return Stage(program=program.name, words=words[program.at + 1 :], container=program.container)
