"""Every fault there is, by name, in the order of the page's runbooks."""

from __future__ import annotations

import difflib
import re

from firstfive.errors import Exit, FirstfiveError
from firstfive.faults import backend, databases, edge, partners
from firstfive.faults.model import Fault

FAULTS: tuple[Fault, ...] = (*backend.ALL, *databases.ALL, *partners.ALL, *edge.ALL)

_NAMED = re.compile(r"\*\*Drill\.?\*\*:?\s*`([a-z0-9-]+)`", re.IGNORECASE)


def by_name(name: str) -> Fault:
    """The fault of that name; raises FirstfiveError that names the nearest ones."""
    found = next((fault for fault in FAULTS if fault.name == name), None)
    if found is None:
        near = difflib.get_close_matches(name, [fault.name for fault in FAULTS])
        remedy = f"did you mean {' or '.join(near)}? " if near else ""
        raise FirstfiveError(
            f"there is no fault {name!r}", remedy=f"{remedy}firstfive drill list names all", exit_code=Exit.USAGE
        )
    return found


def named_on(text: str) -> tuple[str, ...]:
    """Names that the page's own drill lines (**Drill.** `NAME`) give, in order, known or not."""
    return tuple(dict.fromkeys(_NAMED.findall(text)))
