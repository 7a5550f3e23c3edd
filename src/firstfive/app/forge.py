"""Action items filed as issues of GitHub or GitLab, each once.

Part of `app`; called by `firstfive actions --file`. Remembers what it filed beside the journal, so that asking again files nothing
twice; the table in the post-mortem stays the truth, and a person writes the number into it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from firstfive.documents.actions import ActionItem, github_issue, gitlab_issue
from firstfive.errors import Exit, FirstfiveError, Refused
from firstfive.notifiers.posting import Answer, send_json
from firstfive.settings import Settings
from firstfive.settings.model import ForgeSettings
from firstfive.stores.files.key import write_private

FILED = "filed-issues.json"
HOMES = {"github": "https://api.github.com", "gitlab": "https://gitlab.com"}


async def filed(settings: Settings, items: Sequence[ActionItem]) -> list[dict[str, Any]]:
    """File what is open, has no ticket and was not filed before. A row an item: `text`, `file`, `line`, `ticket`, `url`, `new`.

    Raises Refused when settings name no forge, FirstfiveError when the forge refuses; what was filed until then stays remembered.
    """
    forge = settings.forge
    if forge is None or forge.missing:
        what = f"{forge.missing} is not set" if forge is not None else "settings name no forge"
        raise Refused(what, remedy='write [forge] with kind, project and token_env = "VARIABLE"', exit_code=Exit.USAGE)
    settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = _known(settings.state / FILED)
    rows: list[dict[str, Any]] = []
    for item in items:
        if item.done or item.ticket:
            continue
        key = hashlib.sha256(f"{forge.kind} {forge.project}\0{item.file}\0{item.text}".encode()).hexdigest()
        new = key not in known
        if new:
            known[key] = await _filed(forge, item)
            write_private(settings.state / FILED, json.dumps(known))
        rows.append({"text": item.text, "file": item.file, "line": item.line, "new": new, **known[key]})
    return rows


def _known(path: Path) -> dict[str, dict[str, str]]:
    try:
        held = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


async def _filed(forge: ForgeSettings, item: ActionItem) -> dict[str, str]:
    base = (forge.url or HOMES[forge.kind]).rstrip("/")
    if forge.kind == "github":
        url, headers = f"{base}/repos/{forge.project}/issues", {"Authorization": f"Bearer {forge.token}"}
        body: dict[str, Any] = {**github_issue(item)}
        headers |= {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    else:
        url, headers = f"{base}/api/v4/projects/{quote(forge.project, safe='')}/issues", {"PRIVATE-TOKEN": forge.token}
        body = gitlab_issue(item)
    answer = await send_json("POST", url, body, headers=headers)
    told = answer.json()
    number, page = told.get("number", told.get("iid")), told.get("html_url", told.get("web_url"))
    if answer.status != 201 or not isinstance(number, int) or not isinstance(page, str):
        raise FirstfiveError(
            f"{forge.kind} did not take “{item.text[:80]}”: {_why(answer, forge)}",
            where=f"{item.file}:{item.line}",
            remedy="mend the project or the token's rights (issues: write), and ask again; nothing is filed twice",
        )
    return {"ticket": f"#{number}", "url": page}


def _why(answer: Answer, forge: ForgeSettings) -> str:
    if answer.problem:
        return answer.problem
    words = " ".join(answer.body[:300].decode("utf-8", "replace").split()).replace(forge.token, "[redacted]")
    return f"it answers {answer.status}: {words}"
