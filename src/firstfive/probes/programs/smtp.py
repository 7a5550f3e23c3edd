"""A mail server: greeting, encryption, sign-in; no mail is sent.

Built by `app`. The standard library's client in a thread, with a deadline on every read. Tells a refused connection, a server that hangs
and a password that is no longer right apart, since each has another mend.
"""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firstfive.incident.signals import Deploy, Signal, SignalKind
from firstfive.probes.deadline import ended_after
from firstfive.probes.network.address import Guard
from firstfive.probes.programs.talk import Gone, line_to, place_of_program


class _Wrong(Exception):
    """In trouble: (what, family)."""


@dataclass(slots=True, kw_only=True)
class Smtp:
    """`tls` is `starttls` (used when offered), `implicit` or `none`. `password` is sent only over an encrypted line or to loopback."""

    name: str
    symptom: str
    address: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = "starttls"
    patience: timedelta = timedelta(seconds=5)
    every: timedelta = timedelta(seconds=60)
    guard: Guard = field(default_factory=Guard)
    _last: tuple[datetime, Signal] | None = None

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The symptom it watches."""
        return (self.symptom,) if self.symptom else ()

    async def look(self, now: datetime) -> Sequence[Signal | Deploy]:
        """One signal; while all is well the server is asked once in `every`, since providers count sign-ins."""
        if self._last is not None and not self._last[1].firing and timedelta(0) <= now - self._last[0] < self.every:
            return (self._last[1],)
        try:
            async with asyncio.timeout(self.patience.total_seconds() * 4):
                place = place_of_program(self.address, 587)
                line = await line_to(place, self.guard, patience=self.patience)
                firing, text, family = False, await self._asked(line, place.host), ""
        except TimeoutError:
            firing, text, family = True, "it answers too slowly", "mail failing"
        except Gone as gone:
            firing, text, family = True, str(gone), "mail failing"
        except _Wrong as wrong:
            firing, (text, family) = True, wrong.args
        signal = Signal(
            kind=SignalKind.PROBE,
            source=self.name,
            subject=f"mail server {self.address}",
            firing=firing,
            text=f"{text} (family: {family})" if family else text,
            at=now,
            symptom=self.symptom,
            family=family,
        )
        self._last = (now, signal)
        return (signal,)

    async def _asked(self, line: socket.socket, host: str) -> str:
        """The session in a thread; the line is closed also when there was no thread for it in time."""
        begun: list[bool] = []

        def session() -> str:
            begun.append(True)
            return self._session(line, host)

        try:
            return await asyncio.to_thread(session)
        finally:
            if not begun:
                line.close()

    def _session(self, line: socket.socket, host: str) -> str:
        seconds = self.patience.total_seconds()
        line.settimeout(seconds)
        context = ssl.create_default_context()
        implicit = self.tls == "implicit"
        session = smtplib.SMTP(timeout=seconds)
        session._host = host  # type: ignore[attr-defined]  # what its constructor sets, for the certificate's name
        session.sock = line
        try:
            with ended_after(3 * seconds, lambda: session.sock):
                if implicit:
                    session.sock = context.wrap_socket(line, server_hostname=host)
                code, said = session.getreply()
                if code != 220:
                    raise smtplib.SMTPConnectError(code, said)
                session.ehlo_or_helo_if_needed()
                encrypted = implicit
                if self.tls == "starttls" and session.has_extn("starttls"):
                    session.starttls(context=context)
                    session.ehlo()
                    encrypted = True
                return self._signed_in(session, encrypted=encrypted, host=host)
        except TimeoutError:
            raise _Wrong(f"no answer within {seconds:g} s", "mail failing") from None
        except ssl.SSLError as problem:
            raise _Wrong(f"encryption fails: {problem.reason or problem}", "mail failing") from None
        except (smtplib.SMTPException, OSError, UnicodeError) as problem:
            if "timed out" in str(problem):
                raise _Wrong(f"no answer within {seconds:g} s", "mail failing") from None
            raise _Wrong(f"it breaks off: {_words(problem)}", "mail failing") from None
        finally:
            session.close()

    def _signed_in(self, session: smtplib.SMTP, *, encrypted: bool, host: str) -> str:
        how = "encrypted" if encrypted else "not encrypted"
        if not self.user:
            return f"greets, {how}"
        if not encrypted and host not in ("localhost", "127.0.0.1", "::1"):
            return f"greets, {how}; the password was not sent over an open line"
        try:
            session.login(self.user, self.password)
        except smtplib.SMTPAuthenticationError as problem:
            raise _Wrong(f"the sign-in is refused: {_words(problem)}", "mail failing") from None
        except smtplib.SMTPNotSupportedError:
            return f"greets, {how}; it offers no sign-in"
        return f"greets and takes the sign-in, {how}"


def _words(problem: Exception) -> str:
    if isinstance(problem, smtplib.SMTPResponseException):
        said = (
            problem.smtp_error.decode("utf-8", "replace")
            if isinstance(problem.smtp_error, bytes)
            else problem.smtp_error
        )
        return f"{problem.smtp_code} {' '.join(str(said).split())}"[:200]
    return (str(problem) or type(problem).__name__)[:200]
