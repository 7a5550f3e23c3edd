"""Release 1.4.2 of the shop's web process: it needs SESSION_SECRET, which nobody set. Started by the keeper through the `current` link."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from server import web

if __name__ == "__main__":
    web("1.4.2", needs=("SESSION_SECRET",))
