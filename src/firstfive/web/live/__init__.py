"""Live streams: what is new in the room, encoded once and written to everybody who watches."""

from __future__ import annotations

from firstfive.web.live.channel import Streams as Streams
from firstfive.web.live.routes import routes as routes
from firstfive.web.live.told import stamp as stamp
from firstfive.web.live.wire import reaching as reaching
