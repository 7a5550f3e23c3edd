"""What a page tells people to do that harms them later, wherever it says so: in a command, a comment or a sentence.

Called once a page by `check`, and for what is about to be approved or done by hand. Reads lines, not trees, because advice in a
comment is followed at 03:00 just as a command is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firstfive.handbook.markdown import Page
from firstfive.handbook.model import Level, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hazard:
    code: str
    found: re.Pattern[bytes]
    message: str
    help: str


# Facts: docker system prune removes stopped containers and untagged images; packets to published ports are rewritten before ufw's
# chains see them; a sed address-less s/// with a bare tag rewrites each line that holds it (seen on a real engine).
_HAZARDS = (
    _Hazard(
        code="FF062",
        found=re.compile(
            rb"\bsed\s+(?:-\S+\s+)*(?=[^\n]*-i|[^\n]*\.ya?ml)['\"]s([|/#,])(?:image: *)?:[\w.<>-]+\1[^\n]*\.ya?ml"
        ),
        message="this rewrites the tag of every service in the file, not of one",
        help="put the image's name before the colon, and look at `docker compose config` before `up`",
    ),
    _Hazard(
        code="FF063",
        found=re.compile(rb"\bdocker\s+(?:system|container|image)\s+prune\b"),
        message="prune removes stopped containers with their logs, and the untagged image that a roll-back needs",
        help="save the logs and tag the image that ran before, first; free space with something narrower",
    ),
    _Hazard(
        code="FF064",
        found=re.compile(rb"\bufw\s+(?:insert\s+\d+\s+)?(?:deny|reject|block)\b"),
        message="ufw does not filter ports that Docker publishes: their packets never pass its rules",
        help="block in the chain DOCKER-USER, in the proxy or at the edge, and never a proxy's or the gateway's own address",
    ),
)


def hazards(page: Page) -> Iterator[Problem]:
    """Each place of each hazard. The one about ufw only where the page speaks of Docker at all."""
    speaks_of_docker = re.search(rb"\bdocker\b", page.raw, re.IGNORECASE) is not None
    for hazard in _HAZARDS:
        if hazard.code == "FF064" and not speaks_of_docker:
            continue
        for match in hazard.found.finditer(page.raw):
            yield Problem(
                code=hazard.code,
                level=Level.WARNING,
                message=hazard.message,
                place=page.at(match.start()),
                help=hazard.help,
            )


def warned(text: str) -> tuple[str, ...]:
    """What to know before doing what `text` says: the hazards in it, each with its remedy."""
    raw = text.encode(errors="replace")
    return tuple(f"{hazard.message}: {hazard.help}" for hazard in _HAZARDS if hazard.found.search(raw))
