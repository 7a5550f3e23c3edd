"""One line of an access log in the combined format, and what its address is good for.

Used by `rank` and `offenders`. Facts: nginx documentation, log_format combined.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

LINE = re.compile(rb'(\S+) [^\[\n]{0,300}\[([^\]\n]{1,60})\] "([A-Z]{1,20}) ([^ "\n]{0,4000})[^"\n]{0,4000}" (\d{3}) ')
HIDDEN = "private or local: the real address is hidden by a proxy or by Docker's published port, so there is nothing here to block"

EXAMPLES = tuple(
    ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)  # RFC 5737, RFC 3849


def path_of(target: bytes) -> str:
    """The path of a request's target, without its query."""
    return target.partition(b"?")[0].decode("utf-8", "replace")


@lru_cache(maxsize=4096)
def is_hidden(address: str) -> bool:
    """Whether this cannot be the address of a stranger: loopback, private, link-local, or no address at all.

    The networks that are kept for examples belong to nobody; drills have their strangers there.
    """
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return True
    return not read.is_global and not any(read.version == net.version and read in net for net in EXAMPLES)
