"""What a fact is before anybody has collected it: its name, its type and what it tells.

Read by every module of `facts` and by the page compiler, which compiles conditions over these types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from firstfive.shell.conditions import FactType

LONGEST_OUTPUT = 1_048_576  # characters of an output that are read; the last ones count


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSpec:
    """A fact that a command line can give: dotted name, type, and one sentence on what it tells."""

    name: str
    type: FactType
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a finished command left behind, cut to its last `LONGEST_OUTPUT` characters."""

    stdout: str
    stderr: str
    exit_code: int

    @property
    def both(self) -> str:
        """Both streams, for programs that complain on either. A caller may give both as `stderr`; then that is all there is."""
        told = set(self.stderr.splitlines())
        if all(line in told for line in self.stdout.splitlines()):
            return self.stderr
        return f"{self.stdout}\n{self.stderr}" if self.stderr.strip() else self.stdout


RESULT: Mapping[str, FactType] = {
    "exit": FactType.INT,
    "stdout": FactType.STRING,
    "stderr": FactType.STRING,
}
"""What an `expect` line may speak of besides facts: the exit code and the two outputs of its own step."""


def output_of(stdout: str, stderr: str, exit_code: int) -> Output:
    """An output within its bound."""
    return Output(stdout=stdout[-LONGEST_OUTPUT:], stderr=stderr[-LONGEST_OUTPUT:], exit_code=exit_code)
