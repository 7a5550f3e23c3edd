"""What a command does: read-only, unknown, changing or destructive, by a reviewed list; whatever it does not know is unknown.

Called by the page compiler, the command line and `app`. Never runs anything, and never guesses in favour of a command.
"""

from __future__ import annotations

from firstfive.shell.parse import Script
from firstfive.shell.risk.calls import Knowing, read_script, read_tree
from firstfive.shell.risk.expansion import clean
from firstfive.shell.risk.table import Table, load_table
from firstfive.shell.risk.verdict import Finding, Judgement, Verdict

__all__ = ["Finding", "Judgement", "Table", "Verdict", "judge", "load_table"]


def judge(script: str | Script, *, table: Table | None = None, bound: frozenset[str] = frozenset()) -> Judgement:
    """The verdict on everything that a script can reach, with the reason for every command in it.

    `table` is a list with a vault's own claims (`load_table`); `bound` names the variables that carry checked values. A script
    that does not parse is unknown, with the syntax error as its reason. The rules are told in docs/explanation/command-risk.md.
    """
    knowing = Knowing(table=table or load_table())
    if isinstance(script, str) or not clean(script.source):
        source = script if isinstance(script, str) else script.source
        findings = read_script(source, knowing, bound)
    else:
        findings = read_tree(script.tree, script.source, knowing, bound)
    return Judgement(
        verdict=max((f.verdict for f in findings), default=Verdict.READ_ONLY),
        findings=tuple(findings),
        tags=frozenset().union(*(f.tags for f in findings)),
    )
