"""One call of the API over HTTP: the address, who asks, the certificate, the answer or the reason why there is none.

Used by `Client` and by the command line, so it loads nothing but the standard library. Tries again only where that cannot act twice: what
only reads, and what carries an idempotency key. Never follows an answer to another address.
"""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from firstfive.errors import Exit, FirstfiveError

API = "/api/v1"
PAUSES = (0.2, 1.0, 3.0)
LONGEST_ANSWER = 256 * 1024 * 1024


class ApiError(FirstfiveError):
    """The server refused: what, where and what to do in its own words, with the HTTP status."""

    def __init__(self, status: int, told: Mapping[str, Any]) -> None:
        what = told.get("what") or told.get("detail") or told.get("title") or f"the server answered {status}"
        super().__init__(
            str(what),
            where=str(told.get("where", "")),
            remedy=str(told.get("remedy", "")),
            code=str(told.get("code", "")),
            exit_code=_exit(told.get("exit_code")),
        )
        self.status = status


class Unreachable(FirstfiveError):
    """No answer, or none that makes sense. What was asked for may have been done; with the same idempotency key it is not done twice."""

    def __init__(self, what: str, *, remedy: str) -> None:
        super().__init__(what, remedy=remedy, exit_code=Exit.TARGET_UNREACHABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Where a server answers and who asks. `url` is its address, such as `https://ops.example.org`; `token` opens it.

    `certificate` is the PEM file of the very certificate that it must show, whatever names stand in it; empty for the machine's own
    trust. `tries` is how often one call is sent at most, `timeout` the seconds for one of them, `remedy` what to do when none is answered.
    With `light` the answer to what is said about an incident holds of its timeline only what came since.
    """

    url: str
    token: str = field(default="", repr=False)
    certificate: str = ""
    timeout: float = 20
    tries: int = 3
    light: bool = False
    remedy: str = "look whether the server runs and whether this machine reaches it, then ask again"

    def __post_init__(self) -> None:
        """Raises FirstfiveError for an address that is none."""
        parts = _split(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise FirstfiveError(
                f"{self.url!r} is no address of a server",
                remedy="write it as https://ops.example.org, with a port where it has one",
                exit_code=Exit.USAGE,
            )

    @property
    def place(self) -> str:
        """Host and port, as messages name them."""
        return str(_split(self.url).netloc).rpartition("@")[2]

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, key: str = "") -> bytes:
        """The answer to one call below `/api/v1`. A POST gets an idempotency key of its own unless `key` gives one.

        Raises ApiError when the server refuses, Unreachable when no try was answered.
        """
        headers = {"Idempotency-Key": key or os.urandom(16).hex()} if method == "POST" and self.tries > 1 else {}
        headers |= {"Prefer": "return=minimal"} if self.light and method == "POST" else {}
        for number in range(self.tries):
            try:
                return self._once(method, path, body, headers)
            except (OSError, http.client.HTTPException) as problem:
                if number + 1 == self.tries:
                    raise self.silent(problem) from None
                time.sleep(PAUSES[min(number, len(PAUSES) - 1)])
        raise AssertionError("at least one try")

    def silent(self, problem: object) -> Unreachable:
        """The error for a server that does not answer."""
        return Unreachable(f"the server at {self.place} does not answer: {problem}", remedy=self.remedy)

    def _once(self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> bytes:
        connection = self.connect()
        try:
            sent = json.dumps(body).encode() if body is not None else None
            connection.request(method, self.address(path), sent, {**self.headers(), **headers})
            response = connection.getresponse()
            answer = response.read(LONGEST_ANSWER)
        finally:
            connection.close()
        if response.status >= 300:
            raise ApiError(response.status, told(answer))
        return answer

    def address(self, path: str) -> str:
        """The path of a call on this server."""
        return f"{_split(self.url).path.rstrip('/')}{API}{path}"

    def headers(self) -> dict[str, str]:
        """What every call carries."""
        found = {"Content-Type": "application/json", "Accept": "application/json"}
        return {**found, "Authorization": f"Bearer {self.token}"} if self.token else found

    def connect(self, timeout: float | None = None) -> http.client.HTTPConnection:
        """A connection that is not open yet."""
        parts, seconds = _split(self.url), timeout or self.timeout
        host = parts.hostname or ""
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, parts.port, timeout=seconds)
        import ssl

        if self.certificate:
            context = ssl.create_default_context(cafile=self.certificate)
            context.check_hostname = False
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        else:
            context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=context)


def query(path: str, asked: Mapping[str, Any]) -> str:
    """A path with what is asked for behind it; None is left out."""
    given = {name: _word(value) for name, value in asked.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def told(answer: bytes) -> Mapping[str, Any]:
    """A JSON object, or nothing when it is none."""
    try:
        found = json.loads(answer)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _word(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _split(url: str) -> Any:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def _exit(said: object) -> Exit:
    return Exit(said) if said in [int(known) for known in Exit] else Exit.FAILED
