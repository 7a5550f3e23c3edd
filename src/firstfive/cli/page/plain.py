"""One answer as one JSON object, for commands that print what they found themselves.

Called by the commands of this package. Adds the schema; knows nothing of what it prints.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any


def say(value: Mapping[str, Any]) -> None:
    """Print `value` with the schema that every answer of the command line carries."""
    sys.stdout.write(json.dumps({"schema": "firstfive/1", **value}, ensure_ascii=False) + "\n")
