"""Release 1.4.1 of the shop's web process: the one that works. Started by keeper through the `current` link."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from storefront import open_shop

if __name__ == "__main__":
    open_shop("1.4.1")
