"""Programs asked in their own language: Redis, MongoDB, a mail server, the SHKeeper payment gateway, and a query that the team defines.

Built by `app` from the family table and from settings. They sign in where they must, and change nothing.
"""

from __future__ import annotations

from firstfive.probes.programs.mongo import Mongo as Mongo
from firstfive.probes.programs.query import Query as Query
from firstfive.probes.programs.redis import Redis as Redis
from firstfive.probes.programs.shkeeper import Shkeeper as Shkeeper
from firstfive.probes.programs.smtp import Smtp as Smtp
