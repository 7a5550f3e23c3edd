"""One GET with a bearer token, bounded in time and size, and the words for every way in which it can fail.

Used by the trackers beside it. Follows no redirect, so that a token goes nowhere else.
"""

from __future__ import annotations

import http.client
import json
import ssl
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from firstfive.errors import FirstfiveError
from firstfive.probes.deadline import ended_after

LARGEST = 8 * 1024 * 1024
PATIENCE = 6.0
WHY = {
    401: "it does not know the token",
    403: "the token may not read this project",
    404: "there is no such organisation or project, or the address is another product's",
    429: "it asks us to come back later",
}


def ask(url: str, path: str, token: str) -> Any:
    """The JSON value at a path. Raises FirstfiveError naming what went wrong; never the token."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise FirstfiveError(f"{url} is no address of a tracker", remedy='write url = "https://sentry.example"')
    where = f"{parts.scheme}://{parts.netloc}"
    line: http.client.HTTPConnection
    if parts.scheme == "https":
        line = http.client.HTTPSConnection(host, parts.port, timeout=PATIENCE, context=ssl.create_default_context())
    else:
        line = http.client.HTTPConnection(host, parts.port, timeout=PATIENCE)
    try:
        line.connect()
        held = line.sock  # the answer takes it over, and the line forgets it
        with ended_after(2 * PATIENCE, lambda: held):
            line.request(
                "GET",
                parts.path.rstrip("/") + path,
                headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            )
            with line.getresponse() as answer:
                body = answer.read(LARGEST + 1)
    except (OSError, http.client.HTTPException) as problem:
        raise FirstfiveError(
            f"the tracker does not answer: {str(problem) or type(problem).__name__}", where=where
        ) from None
    finally:
        line.close()
    if answer.status != 200:
        why = WHY.get(
            answer.status, "a redirect is not followed" if 300 <= answer.status < 400 else "it is in trouble itself"
        )
        raise FirstfiveError(f"the tracker answers {answer.status}: {why}", where=where)
    if len(body) > LARGEST:
        raise FirstfiveError("the tracker's answer is larger than 8 MiB", where=where)
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise FirstfiveError(
            "the tracker answers with a page instead of data", where=where, remedy="is url its own address?"
        ) from None


def moment(value: object) -> datetime | None:
    """An instant as both trackers write it; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def count(value: object) -> int:
    """A number of events, which Sentry writes as text."""
    text = str(value)
    return int(text) if text.isdigit() and len(text) < 16 else 0
