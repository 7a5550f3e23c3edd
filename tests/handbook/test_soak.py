"""Ten minutes of spoiled and made-up pages: none may crash the compiler or hold it up. `make soak` runs it; SOAK_MINUTES shortens it."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from firstfive.errors import FirstfiveError
from firstfive.handbook.compile import compile_vault
from firstfive.handbook.report import render_problems, to_json, understood

PAGES = sorted((Path(__file__).parent / "pages").glob("*.md"))
MINUTES = float(os.environ.get("SOAK_MINUTES", "10"))
PATIENCE = 20.0

PIECES = [
    "# Incidents\n",
    "## 1. Severity matrix\n\n| Sev | Meaning | Response time | Examples |\n|---|---|---|---|\n| **Sev 1** | down | 15 min | a; b |\n",
    "| a | b |\n|---|\n| 1 | 2 | 3 |\n",
    "## 2. First 5 minutes\n\n1. **Look.** `docker ps`\n2. **Health.** `curl -fsS http://x/health`\n",
    "### 3.1 Down\n\n**Symptoms.** `http://x` times out; logs show `Error`.\n\n**Runbook.**\n\n",
    "```bash\n# 1. Look\ndocker logs <name>\n# 2. If OOM: restart\ndocker restart $X\n```\n",
    "```bash\n#: fact a.b: int = line(1)\n#: when a.b > 3\n#: expect exit == 0\nls\n```\n",
    "```\n$ ls -l\ntotal 3\n$ df\n```\n",
    "    kubectl get pods\n",
    "1. Do this:\n\n   ```sh\n   systemctl restart x\n   ```\n\n2. Then that\n",
    "> [!warning] Stop first\n> **stop the backend**\n",
    "![[Other#Heading]]\n",
    "[[Other|alias]] and [[#Down]] see 3.1 and §4\n",
    "## 4. Communication templates\n\n### Initial\n\n```\n[SEV-X] <one-line summary> <time + 15 min>\n```\n",
    "## 5. Post-mortem template\n\n```markdown\n---\ntitle: x\n---\n## Summary\n```\n",
    "| Role | Primary | Backup | Channel |\n|---|---|---|---|\n| On-call | <name> | - | #x |\n",
    "- [ ] Done?\n- [x] Yes\n",
    "---\ntitle: [\n---\n",
    "---\nrunbook:\n  params: {a: ip}\n---\n",
    "<!-- when: x -->\n%% hidden %%\n",
    "```bash {#a on=b timeout=9s when=x}\nssh h\nrm x\n```\n",
    "\x00\ufeff\u202e\u2028",
    "```bash\nif true; then\n",
]


def spoiled(rng: random.Random) -> bytes:
    """A real page with bytes changed, cut out, doubled or swapped."""
    raw = bytearray(rng.choice(PAGES).read_bytes())
    for _ in range(rng.randint(1, 30)):
        at = rng.randrange(len(raw) or 1)
        match rng.randrange(5):
            case 0 if raw:
                raw[at] = rng.randrange(256)
            case 1:
                del raw[at : at + rng.randint(1, 200)]
            case 2:
                raw[at:at] = raw[at : at + rng.randint(1, 400)]
            case 3:
                raw[at:at] = rng.choice([b"`", b"```\n", b"|", b"[[", b"<", b"$(", b"'", b'"', b"\n\n", b"> ", b"#: "])
            case _:
                raw[at:at] = rng.randbytes(rng.randint(1, 8))
    return bytes(raw)


def made_up(rng: random.Random) -> bytes:
    """Pieces of the dialect in any order, indented and quoted at random."""
    parts = []
    for _ in range(rng.randint(1, 25)):
        piece = rng.choice(PIECES)
        if rng.random() < 0.2:
            prefix = rng.choice(["> ", "   ", "- ", "\t"])
            piece = "".join(prefix + line for line in piece.splitlines(keepends=True))
        parts.append(piece)
    return "\n".join(parts).encode("utf-8", "surrogatepass")


@pytest.mark.soak
@pytest.mark.timeout(MINUTES * 60 + 300)
@pytest.mark.parametrize("make", [spoiled, made_up], ids=["bytes", "structure"])
def test_no_page_crashes_or_holds_up_the_compiler(make) -> None:
    seed = random.SystemRandom().randrange(2**32)
    rng = random.Random(seed)
    until = time.monotonic() + MINUTES * 30
    count = 0
    while time.monotonic() < until:
        page = make(rng)
        began = time.monotonic()
        try:
            handbook = compile_vault({"page.md": page}, main=None)
            to_json(handbook)
            understood(handbook)
            render_problems(handbook)
        except FirstfiveError:
            pass
        except Exception as crash:
            raise AssertionError(f"seed {seed}, page {count}: {crash!r}\n{page!r}") from crash
        took = time.monotonic() - began
        assert took < PATIENCE, f"seed {seed}, page {count} took {took:.1f} s\n{page!r}"
        count += 1
    assert count > 50
