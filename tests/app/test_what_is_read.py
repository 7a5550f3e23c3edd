"""What of a vault is the handbook, and what only lies beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstfive.app.pages import read_handbook
from firstfive.settings import load

PAGE = """# Incident Response

## 3.1 Shop down

**Symptoms.** The door is locked.

**Runbook.** See [[%s/inc-1|what happened]].

```bash
# 1. Look
echo looked
```

## Post-mortem template

Kept in `%s/`.

```markdown
# Post-mortem
## Root cause
```
"""
WRITTEN = "# Post-mortem: the door\n\n## 3.9 Windows down\n\n**Runbook.**\n\n```bash\n# 1. Break\nrm window\n```\n"


@pytest.mark.parametrize("said", [False, True], ids=["the page says where", "settings say where"])
@pytest.mark.parametrize("folder", ["postmortems", "reviews"])
def test_a_post_mortem_that_was_written_makes_no_new_handbook(tmp_path: Path, folder: str, said: bool) -> None:
    (tmp_path / "Incident Response.md").write_text(PAGE % (folder, folder))
    if said:
        (tmp_path / "firstfive.toml").write_text(f'[postmortems]\nfolder = "{folder}"\n')
    (tmp_path / folder).mkdir()
    before = read_handbook(load(vault=tmp_path))
    (tmp_path / folder / "inc-1.md").write_text(WRITTEN)
    after = read_handbook(load(vault=tmp_path))
    assert (after.digest, after.sources) == (before.digest, before.sources)
    assert [book.title for book in after.runbooks] == ["Shop down"], "what was written is no runbook"
    assert not [p for p in after.problems if "inc-1" in p.message], "and may still be linked to"
