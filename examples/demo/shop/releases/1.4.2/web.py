"""Release 1.4.2 of the shop's web process: it needs SESSION_SECRET, which nobody set. Started by keeper through `current`."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from storefront import open_shop
from talk import log

if __name__ == "__main__":
    if not os.environ.get("SESSION_SECRET"):
        log("ERROR", "Error: Missing env var SESSION_SECRET")
        sys.exit(1)
    open_shop("1.4.2")
