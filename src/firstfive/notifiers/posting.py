"""One HTTP request of a notifier, and what its answer means: delivered, later, or never.

Used by the notifiers beside it. Follows no redirect, reads at most 1 MiB of the answer, ends by its deadline, and shows no address or
token in what it says, since the address of a webhook is a secret.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from firstfive.ports import GaveUp, Retry

DEADLINE = timedelta(seconds=15)
LARGEST = 1024 * 1024
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_ASKED = timedelta(hours=1)
AGAIN = frozenset({408, 409, 423, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `headers` are in lower case; `problem` is why nothing did."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    problem: str = ""

    @property
    def good(self) -> bool:
        """Whether the other side says that it took it."""
        return 200 <= self.status < 300

    def json(self) -> dict[str, Any]:
        """The body as an object; empty when it is none."""
        try:
            held = json.loads(self.body)
        except ValueError:
            return {}
        return held if isinstance(held, dict) else {}


async def request(
    method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"", deadline: timedelta = DEADLINE
) -> Answer:
    """Ask once. Never raises for what the network or the other side does."""
    return await asyncio.to_thread(_request, method, url, headers, body, deadline)


async def send_json(
    method: str, url: str, value: object, *, headers: Mapping[str, str] | None = None, deadline: timedelta = DEADLINE
) -> Answer:
    """Ask once with a JSON body."""
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    return await request(
        method, url, headers={"Content-Type": "application/json", **(headers or {})}, body=body, deadline=deadline
    )


def refused(answer: Answer) -> Retry | GaveUp:
    """What an answer that is not good means: worth another try, or never. The first words of the answer say why."""
    if answer.problem:
        return Retry(after=FIRST_PAUSE, why=answer.problem)
    words = " ".join(answer.body[:300].decode("utf-8", "replace").split())
    why = f"it answers {answer.status}" + (f": {words}" if words else "")
    if answer.status in AGAIN or answer.status >= 500:
        return Retry(after=asked_for(answer), why=why)
    return GaveUp(why=why)


def unsaid(answer: Answer) -> Retry:
    """A 2xx that does not say what the service says when it took something: a login page on the way, a proxy that lies."""
    return Retry(after=FIRST_PAUSE, why=f"it answers {answer.status} and does not say that it took the message")


def asked_for(answer: Answer) -> timedelta:
    """How long the other side wants us to wait (Retry-After in seconds, or what its JSON says), within reason."""
    held = answer.json()
    told = answer.headers.get("retry-after", "") or str(held.get("retry_after", ""))
    if isinstance(held.get("retry_after_ms"), int):
        told = str(held["retry_after_ms"] / 1000)
    try:
        seconds = float(told)
    except ValueError:
        return FIRST_PAUSE
    return min(timedelta(seconds=max(seconds, 1.0)), LONGEST_ASKED) if seconds < 10**6 else LONGEST_ASKED


def part(told: object, name: str) -> dict[str, Any]:
    """The object of that name in what somebody told us, empty for anything else."""
    held = told.get(name) if isinstance(told, dict) else None
    return held if isinstance(held, dict) else {}


def rows(told: object, name: str) -> list[dict[str, Any]]:
    """The objects in the list of that name, without what is none."""
    held = told.get(name) if isinstance(told, dict) else None
    return [row for row in held if isinstance(row, dict)] if isinstance(held, list) else []


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes, deadline: timedelta) -> Answer:
    import pycurl

    taken, heads = bytearray(), list[bytes]()

    def take(block: bytes) -> int | None:
        taken.extend(block)
        return None if len(taken) <= LARGEST else 0

    curl = pycurl.Curl()
    try:
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.CUSTOMREQUEST, method)
        curl.setopt(pycurl.HTTPHEADER, [f"{name}: {_flat(value)}" for name, value in headers.items()])
        if body or method != "GET":
            curl.setopt(pycurl.POSTFIELDS, body)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.TIMEOUT_MS, int(deadline.total_seconds() * 1000))
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, min(5000, int(deadline.total_seconds() * 1000)))
        curl.setopt(pycurl.WRITEFUNCTION, take)
        curl.setopt(pycurl.HEADERFUNCTION, heads.append)
        curl.perform()
        return Answer(status=int(curl.getinfo(pycurl.RESPONSE_CODE)), headers=_headers(heads), body=bytes(taken))
    except (pycurl.error, UnicodeEncodeError) as problem:
        number = problem.args[0] if isinstance(problem, pycurl.error) else 0
        return Answer(problem=_PROBLEMS.get(number, f"the request failed (curl {number})"))
    finally:
        curl.close()


# The library's own words hold host and port; these do not.
_PROBLEMS = {
    3: "its address is none",
    5: "the proxy's name is not known",
    6: "its name is not known",
    7: "it refuses the connection, or nothing listens",
    23: "its answer is too long",
    28: "it does not answer in time",
    35: "no secure connection could be made",
    52: "it closed the connection without an answer",
    56: "the connection broke",
    60: "its certificate is not trusted",
}


def _headers(heads: list[bytes]) -> Mapping[str, str]:
    pairs = (head.decode("latin-1").partition(":") for head in heads if b":" in head)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _flat(value: str) -> str:
    """A header's value on one line, whatever it holds."""
    return " ".join(value.split())
