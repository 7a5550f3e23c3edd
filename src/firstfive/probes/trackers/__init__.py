"""Error trackers that can be asked for the spikes of the last minutes: Sentry and Bugsink, two APIs behind one question.

Built by `app` from settings; asked by the first five minutes. Reads only.
"""

from __future__ import annotations

from firstfive.probes.trackers.bugsink import Bugsink as Bugsink
from firstfive.probes.trackers.sentry import Sentry as Sentry
