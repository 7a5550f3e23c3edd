"""How the room in a terminal reaches an incident: over the running server, or for reading only from the journal while none answers.

Called by `room`, `plain` and `screen`. What a person says goes the way of every other command, to the API, and is refused here while no
server runs, since nobody would act on it and nobody would see the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from firstfive.cli.line import View, over_http, server_of
from firstfive.errors import Exit, FirstfiveError, Refused

if TYPE_CHECKING:
    from firstfive.app.offline.looking import Looking
    from firstfive.settings import Settings


@dataclass(slots=True, kw_only=True)
class Reach:
    """One installation and who looks at it."""

    settings: Settings
    by: str
    _looking: Looking | None = None

    @property
    def looking(self) -> Looking:
        """The journal, read beside the server; loaded at its first use."""
        if self._looking is None:
            from firstfive.app.offline.looking import Looking
            from firstfive.engine.clock import SystemClock

            self._looking = Looking(settings=self.settings, clock=SystemClock())
        return self._looking

    def open_incidents(self) -> list[View]:
        """The open incidents in short, newest first."""
        server = server_of(self.settings)
        if server is None:
            return self.looking.open_incidents()
        rows: list[View] = over_http(server, "GET", "/incidents", None, token=self.settings.token)["incidents"]
        return rows

    def seen(self, incident: str) -> tuple[View, bool]:
        """The incident in full, and whether a server said so. A server that was asked and is gone is the same as none."""
        server = server_of(self.settings)
        if server is not None:
            try:
                return over_http(server, "GET", _path(incident), None, token=self.settings.token), True
            except FirstfiveError as problem:
                if problem.exit_code is not Exit.TARGET_UNREACHABLE or self.settings.server:
                    raise
        return self.looking.seen(incident), False

    def runbooks(self) -> View:
        """Every runbook of the page with its steps. Raises Refused while no server runs."""
        server = server_of(self.settings)
        if server is None:
            raise Refused("no server runs, so no step can be asked for", remedy="firstfive serve starts it")
        return over_http(server, "GET", "/handbook", None, token=self.settings.token)

    def say(self, incident: str, verb: str, fields: View) -> View:
        """Say something to the incident: the incident as it then stands. Raises FirstfiveError with the reason why not."""
        server = server_of(self.settings)
        if server is None:
            raise Refused(
                f"no server runs, so nothing can be said from here: this is a read-only look at {incident}",
                remedy=f"firstfive serve starts it; `firstfive note {incident} ...` in another terminal is written down without one",
            )
        given = {"by": self.by, **fields, **(self._mine() if fields.get("pack") == "block" else {})}
        return over_http(server, "POST", f"{_path(incident)}/{verb}", given, token=self.settings.token)

    def _mine(self) -> View:
        """Where whoever asks for a block sits, which is never blocked."""
        mine = self.settings.variables.get("SSH_CLIENT", "").split()[:1]
        return {"mine": mine[0]} if mine else {}


def _path(incident: str) -> str:
    return f"/incidents/{quote(incident, safe='')}"
