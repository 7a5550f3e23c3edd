"""How fast the compiler and the risk engine are, with shellcheck on the same blocks beside them, in one run.

`make bench` runs it. Pages are variations of the demo's page, so that no cache helps the cold figure.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from firstfive.handbook.compile import compile_vault
from firstfive.shell import parse
from firstfive.shell.risk import judge

ROOT = Path(__file__).resolve().parent.parent
PAGE = Path(os.environ.get("FIRSTFIVE_PAGE", ROOT / "examples/demo/vault/Incident Response.md"))
PAGES = 60


def main() -> int:
    """Print seconds a page cold and cached, and blocks a second against shellcheck."""
    text = PAGE.read_text(encoding="utf-8")
    began = time.perf_counter()
    compile_vault({"page.md": text.encode()}, main=None)
    first = time.perf_counter() - began
    began = time.perf_counter()
    compile_vault({"page.md": text.encode()}, main=None)
    cached = time.perf_counter() - began
    began = time.perf_counter()
    for number in range(PAGES):
        varied = re.sub(r"(?m)^```bash\n", f"```bash\n: page {number}\n", text)
        compile_vault({"page.md": varied.encode()}, main=None)
    each = (time.perf_counter() - began) / PAGES
    print(
        f"compile     first {first * 1000:.0f} ms, again {cached * 1000:.1f} ms, cold {60 / each:.0f} pages a minute on one core"
    )
    blocks = [
        f"{block}\n: {n}\n"
        for n in range(20)
        for block in re.findall(r"(?s)```bash\n(.*?)```", text)
        if "<" not in block
    ]
    began = time.perf_counter()
    for script in parse.parse_many(blocks):
        if isinstance(script, parse.Script):
            judge(script)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    for block in blocks:
        subprocess.run(
            [Path(sys.executable).parent / "shellcheck", "-s", "bash", "-"],
            input=block,
            text=True,
            capture_output=True,
            check=False,
        )
    theirs = time.perf_counter() - began
    print(f"risk        {len(blocks)} blocks: {ours / theirs:.3f} x shellcheck's time on the same blocks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
