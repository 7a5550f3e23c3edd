"""Docker as an eye: how containers are, and which image each has run since when.

Built by `app` where an Engine's socket is there. Only ever asks; the one thing it may write, a tag that keeps an image, is switched on
by settings.
"""

from __future__ import annotations

from firstfive.probes.docker.containers import Containers as Containers
from firstfive.probes.docker.engine import EngineApi as EngineApi
from firstfive.probes.docker.ledger import Ledger as Ledger
from firstfive.probes.docker.logs import ContainerTail as ContainerTail
from firstfive.probes.docker.turning import Turning as Turning
