"""A waiting run as it would be with other values: worked out here, so that a dry run stores nothing.

Called by `approve --dry-run`. Checks values as the server does; asks nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstfive.errors import Exit, Refused

View = dict[str, Any]


def with_values(seen: View, waiting: View, values: Mapping[str, str]) -> View:
    """The run of `waiting` with these values by placeholder: its environment, what it still lacks, and the hash of what would run.

    Raises Refused for a placeholder that the step, or what waits of it, does not have; FirstfiveError for a value of the wrong type.
    """
    from firstfive.incident.respond import digest_of
    from firstfive.shell.bind import ParamType, check_value

    row: View = next((one for one in seen.get("steps", []) if one["step"] == waiting["step"]), {})
    holes = {str(hole["name"]): hole for hole in row.get("placeholders", [])}
    for name in values:
        if name not in holes:
            known = ", ".join(f"<{one}>" for one in holes) or "none"
            raise Refused(f"step {waiting['step']} has no <{name}>", remedy=f"it has: {known}", exit_code=Exit.USAGE)
        if str(holes[name]["variable"]) not in str(waiting["script"]):
            raise Refused(
                f"what waits was worked out from the ledger and has no place for <{name}>",
                remedy="without --dry-run the value replaces it, and what then waits is shown before you say yes",
            )
    given = {name: check_value(ParamType(holes[name]["kind"]), value) for name, value in values.items()}
    held = {name: given.get(name, hole["value"]) for name, hole in holes.items()}
    environment = tuple((str(holes[name]["variable"]), str(value or "")) for name, value in held.items())
    return {
        **waiting,
        "environment": [list(pair) for pair in environment],
        "missing": [name for name, value in held.items() if value is None],
        "sha256": digest_of(str(waiting["target"]), str(waiting["script"]), environment),
    }
