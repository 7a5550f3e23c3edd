"""A URL that should answer: timeout, refused, 5xx or non-2xx, and how long its certificate lasts and what its body holds.

Built by `app` from the page's HTTP symptoms and from settings. Asks with GET, follows nothing, unpacks nothing, sends no credentials,
looks only where the page or the settings point.
"""

from __future__ import annotations

import errno
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.probes.network.address import Guard, NoSuchName, place_of
from firstfive.probes.network.own_connection import own_connection
from firstfive.probes.network.transfers import BODY_CAP, Answer, Request, transfers

# Curl's own codes (libcurl-errors), named here so that judging needs no curl.
COULD_NOT_CONNECT, TIMED_OUT, WRITE_ERROR, URL_MALFORMED, TOO_LARGE = 7, 28, 23, 3, 100
NO_HTTP = frozenset({1, 8})
BROKEN_OFF = {
    18: "the answer broke off",
    52: "the connection was closed without an answer",
    56: "the connection broke off",
}
TLS = frozenset({35, 51, 53, 54, 58, 59, 60, 66, 77, 80, 83, 90, 91})
PHYSICAL = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.ETIMEDOUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether it is in trouble, the evidence, and the family where the page's own words name it otherwise."""

    firing: bool
    text: str
    family: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """Watches one URL for one symptom. `fails_when` holds `timeout`, `5xx`, `non-2xx`, `refused`.

    `body` must stand in the first 64 KiB of the answer; with a leading `!` it must not. With `days_left` a certificate that ends
    sooner fires. `authorities` is a PEM file to trust instead of the system's.
    """

    name: str
    symptom: str
    url: str
    fails_when: frozenset[str] = frozenset({"timeout", "refused", "non-2xx"})
    patience: timedelta = timedelta(seconds=3)
    body: str = ""
    days_left: int | None = None
    authorities: Path | None = None
    guard: Guard = field(default_factory=Guard)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The page's symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One request, one signal. Raises FirstfiveError when nobody can know: the guard refuses, or our own network is gone."""
        try:
            verdict = self._judge(await self._ask(), now)
        except NoSuchName as problem:
            verdict = Verdict(firing=True, text=str(problem), family="name does not resolve")
        signal = Signal(
            kind=SignalKind.HTTP,
            source=self.name,
            subject=self.url,
            firing=verdict.firing,
            text=verdict.text,
            at=now,
            symptom=self.symptom,
            family=verdict.family,
        )
        return (signal,)

    async def _ask(self) -> Answer:
        """The first answer of the allowed addresses; the next one is tried only where a connection does not come about."""
        place = place_of(self.url)
        addresses = await self.guard.find(place, patience=self.patience)
        ours = own_connection()
        answer: Answer | None = None
        for address in addresses:
            request = Request(
                url=self.url,
                address=address,
                port=place.port,
                patience=self.patience,
                connect=self.patience / len(addresses) if len(addresses) > 1 else None,
                body=bool(self.body),
                certificate=self.days_left is not None and self.url.lower().startswith("https"),
                authorities=self.authorities,
            )
            answer = await transfers().ask(request)
            if answer.connected or answer.errno == errno.ECONNREFUSED:
                ours.note(address)
            if answer.connected or answer.code not in (COULD_NOT_CONNECT, TIMED_OUT):
                return answer
        assert answer is not None  # the guard never returns nothing
        if answer.code == TIMED_OUT or answer.errno in PHYSICAL:
            await ours.vouch(addresses[-1])
        return answer

    def _judge(self, answer: Answer, now: datetime) -> Verdict:
        if answer.code == URL_MALFORMED:
            raise FirstfiveError(f"{self.url} is no address", remedy="mend it on the page or in the settings")
        capped = answer.code == WRITE_ERROR and answer.status
        if answer.code and not capped:
            return self._failed(answer)
        status = answer.status
        if status >= 500 and self.fails_when & {"5xx", "non-2xx"}:
            return Verdict(firing=True, text=f"HTTP {status}")
        if not 200 <= status < 300 and "non-2xx" in self.fails_when:
            return Verdict(firing=True, text=f"HTTP {status}")
        return (
            self._body(answer)
            or self._certificate(answer, now)
            or Verdict(firing=False, text=f"HTTP {status} in {answer.milliseconds} ms")
        )

    def _body(self, answer: Answer) -> Verdict | None:
        word = self.body.removeprefix("!")
        if not word or (word.encode() in answer.body) is not self.body.startswith("!"):
            return None
        cut = f" in its first {BODY_CAP // 1024} KiB" if answer.code == WRITE_ERROR else ""
        says = "the answer holds" if self.body.startswith("!") else "the answer does not hold"
        return Verdict(firing=True, text=f'HTTP {answer.status}, and {says} "{word}"{cut}', family="answer differs")

    def _certificate(self, answer: Answer, now: datetime) -> Verdict | None:
        if self.days_left is None or not answer.expires:
            return None
        end = datetime.fromtimestamp(ssl.cert_time_to_seconds(answer.expires), UTC)
        left = (end - now) // timedelta(days=1)
        if left >= self.days_left:
            return None
        return Verdict(
            firing=True, text=f"its certificate ends in {left} days, on {end:%Y-%m-%d}", family="certificate runs out"
        )

    def _failed(self, answer: Answer) -> Verdict:
        code, seconds = answer.code, f"{self.patience.total_seconds():g} s"
        if code == TIMED_OUT:
            family = "" if "timeout" in self.fails_when else "url times out"
            if not answer.connected:
                return Verdict(firing=True, text=f"no connection within {seconds}", family=family)
            began = f"HTTP {answer.status} came, but not all of it" if answer.status else "no answer"
            return Verdict(firing=True, text=f"{began} within {seconds}", family=family)
        if code == COULD_NOT_CONNECT:
            family = "" if "refused" in self.fails_when else "url refuses connections"
            why = "the host is not reached" if answer.errno in PHYSICAL else "connection refused"
            return Verdict(firing=True, text=why, family=family)
        if code in TLS:
            return Verdict(firing=True, text=f"TLS fails: {answer.words}", family="certificate not accepted")
        if code == TOO_LARGE or "too large response headers" in answer.words.lower():
            return Verdict(firing=True, text="it sends more headers than anybody reads", family="no HTTP spoken")
        if code in BROKEN_OFF:
            began = f"HTTP {answer.status}, but " if answer.status else ""
            return Verdict(firing=True, text=began + BROKEN_OFF[code], family="connection broken off")
        if code in NO_HTTP:
            return Verdict(firing=True, text="what answers there does not speak HTTP", family="no HTTP spoken")
        return Verdict(firing=True, text=answer.words or f"curl error {code}", family="no HTTP spoken")
