"""Eyes on the network: addresses that should answer, names that should resolve, records that should stand.

Built by `app` from the page's symptoms and the settings. They ask only what the page or the settings name, and send no secret.
"""

from __future__ import annotations

from firstfive.probes.network.address import Guard as Guard
from firstfive.probes.network.certificate import Certificate as Certificate
from firstfive.probes.network.dns import Dns as Dns
from firstfive.probes.network.http import Http as Http
from firstfive.probes.network.mail_records import MailRecords as MailRecords
from firstfive.probes.network.tcp import Tcp as Tcp
from firstfive.probes.network.websocket import Websocket as Websocket
