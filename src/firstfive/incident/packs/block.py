"""Blocks an offender for a limited time on the host's own firewall; the host itself lets the block lapse, whatever becomes of us.

Asked by whoever offers a block to a person. Never touches a rule that is not its own, and never writes a script for an address that
`addresses` refuses.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import assert_never

from firstfive.errors import Refused
from firstfive.incident.packs import cloudflare, nginx_block
from firstfive.incident.packs.addresses import Network, blockable
from firstfive.incident.packs.packed import STRICT, Packed, instant
from firstfive.incident.packs.preflight import preflight, shown

LONGEST = timedelta(days=30)
TIMEOUT = timedelta(seconds=60)


class How(StrEnum):
    """Where the packets or requests are dropped. The first is the one to take where nothing speaks against it."""

    NFTABLES = "nftables"
    DOCKER_USER = "docker-user"
    UFW = "ufw"
    CLOUDFLARE = "cloudflare"
    NGINX = "nginx"


def block(
    address: str,
    *,
    expires: timedelta,
    now: datetime,
    never: Iterable[Network] = (),
    how: How = How.NFTABLES,
    zone: str = "",
    api: str = cloudflare.API,
    file: str = "",
    nginx: tuple[str, ...] = ("nginx",),
) -> Packed:
    """Drop what `address` (or a narrow network) sends, for `expires` from `now` on, whole seconds of at most 30 days.

    `never` holds what must stay reachable: the operator's own addresses, the hosts', the configured proxies'. `zone` (its id) and
    `api` are for Cloudflare; `file` (which nginx includes) and `nginx` (the words that call it) for nginx.

    Raises:
        Refused: for an address that is never blocked, and for a time that is none.
    """
    if not timedelta(seconds=1) <= expires <= LONGEST:
        raise Refused(
            f"a block cannot last {expires}", remedy="name a time from one second to 30 days; it lapses by itself"
        )
    network = blockable(address, never=never, at_the_edge=how is How.CLOUDFLARE)
    seconds = int(expires.total_seconds())
    until = (now.astimezone(UTC) + timedelta(seconds=seconds)).replace(microsecond=0)
    match how:
        case How.NFTABLES:
            return _nftables(network, seconds)
        case How.DOCKER_USER:
            return _docker_user(network, until)
        case How.UFW:
            return _ufw(network, until)
        case How.CLOUDFLARE:
            return cloudflare.block(network, until=until, zone=zone, api=api)
        case How.NGINX:
            return nginx_block.at_nginx(network, until, file=file, call=nginx)
        case _:
            assert_never(how)


_BEHIND_A_PROXY = "behind a proxy or a load balancer the packets come from the proxy: this drops nothing then, and the block belongs there"


# A chain before connection tracking and before the translation of published ports sees every packet that comes in, for the host and
# for containers alike. Adding the element, taking it away and adding it again gives it the full time also when it is there already;
# nft does all of it or nothing.
def _nftables(network: Network, seconds: int) -> Packed:
    who, version = shown(network), network.version
    blocked = f"inet firstfive blocked{version}"
    element = f"{blocked} {{ {who} timeout {seconds}s }}"
    script = f"""{STRICT}
{preflight(network)}
command -v nft >/dev/null || {{ echo "there is no nft on this host: install nftables or block another way" >&2; exit 1; }}
nft add table inet firstfive
nft -f - <<'RULES'
add set inet firstfive blocked4 {{ type ipv4_addr; flags interval, timeout; }}
add set inet firstfive blocked6 {{ type ipv6_addr; flags interval, timeout; }}
add chain inet firstfive incoming {{ type filter hook prerouting priority -310; policy accept; }}
flush chain inet firstfive incoming
add rule inet firstfive incoming ip saddr @blocked4 counter drop
add rule inet firstfive incoming ip6 saddr @blocked6 counter drop
add element {element}
delete element {blocked} {{ {who} }}
add element {element}
RULES
nft list set {blocked}
"""
    return Packed(
        name="block-nftables",
        script=script,
        undo=f"{STRICT}\nnft delete element {blocked} '{{ {who} }}'\n",
        verify=f"{STRICT}\nnft list set {blocked} | grep -oE '{_exactly(who)} timeout [^,}}]+'\n",
        why=f"drops every packet from {who} that comes to this host or to its containers, for {spoken(seconds)}; the kernel ends it",
        timeout=TIMEOUT,
        warnings=(
            _BEHIND_A_PROXY,
            "a reload of the whole packet filter (a restart of nftables, a reboot) ends it early",
            "connections of our own to that address get no answer either",
        ),
    )


def _docker_user(network: Network, until: datetime) -> Packed:
    who, program = shown(network), "iptables" if network.version == 4 else "ip6tables"
    stop = until.strftime("%Y-%m-%dT%H:%M:%S")
    rule = f"-s {network} -m time --datestop {stop} -m comment --comment firstfive -j DROP"
    script = f"""{STRICT}
{preflight(network)}
{_still(until)}
{program} -w -S DOCKER-USER >/dev/null || {{
  echo "Docker keeps no chain DOCKER-USER here: block with nftables" >&2
  exit 1
}}
{program} -w -C DOCKER-USER {rule} 2>/dev/null || {program} -w -I DOCKER-USER 1 {rule}
{program} -w -S DOCKER-USER
"""
    return Packed(
        name="block-docker-user",
        script=script,
        undo=f"{STRICT}\n{program} -w -D DOCKER-USER {rule}\n",
        verify=f"{STRICT}\n{_still(until)}\n{program} -w -S DOCKER-USER | grep -F -- '-s {network} ' | grep -F -- '--datestop {stop} '\n",
        why=f"drops what {who} sends to published ports of containers, until {instant(until)}; the rule itself knows its end",
        timeout=TIMEOUT,
        warnings=(
            _BEHIND_A_PROXY,
            "it covers published ports of containers only, not what the host itself serves",
            "the lapsed rule stays listed until Docker or somebody clears it, and does nothing",
            "it is held against the host's own clock",
        ),
    )


def _ufw(network: Network, until: datetime) -> Packed:
    who = shown(network)
    comment = f"firstfive until {instant(until)}"
    minute = until + timedelta(seconds=-until.second % 60)  # at counts whole minutes, and must not be early
    # The job takes away only the rule with this very end: a newer block of the same address outlives the older one's job.
    job = f"ufw show added | grep -qF '{comment}' && ufw --force delete deny from {who}"
    script = f"""{STRICT}
{preflight(network)}
{_still(until)}
LC_ALL=C ufw status | grep -q '^Status: active' || {{ echo "ufw is not active here: block with nftables" >&2; exit 1; }}
if ufw show added | grep -F -- '{comment}' | grep -qF -- ' {who} '; then echo "it stands already"; exit 0; fi
if command -v at >/dev/null && pgrep -x atd >/dev/null; then
  printf '%s\\n' {shlex.quote(job)} | TZ=UTC at -t {minute.strftime("%Y%m%d%H%M")}
elif command -v systemd-run >/dev/null && [ -d /run/systemd/system ]; then
  systemd-run --collect --on-calendar='{until.strftime("%Y-%m-%d %H:%M:%S")} UTC' --timer-property=AccuracySec=1s sh -c {shlex.quote(job)}
else
  echo "nothing here could end the block (no atd, no systemd): block with nftables" >&2
  exit 1
fi
ufw prepend deny from {who} comment '{comment}'
ufw show added
"""
    return Packed(
        name="block-ufw",
        script=script,
        undo=f"{STRICT}\nufw --force delete deny from {who}\n",
        verify=f"{STRICT}\nufw show added | grep -F -- ' {who} ' | grep -F -- '{comment}'\n",
        why=f"ufw denies everything from {who} until {instant(until)}; a job of the host (at or systemd) takes the rule away",
        timeout=TIMEOUT,
        warnings=(
            _BEHIND_A_PROXY,
            "ufw does not see ports that Docker publishes: their packets are turned to the container first; nftables covers both",
            "open connections go on until they close",
            "without at the job does not outlive a reboot, but the rule does: look once more after one",
        ),
    )


def _still(until: datetime) -> str:
    said = f"the block would be over already: it was to end at {instant(until)}"
    return f'if (($(date +%s) >= {int(until.timestamp())})); then echo "{said}" >&2; exit 1; fi'


def _exactly(who: str) -> str:
    return "\\b" + who.replace(".", r"\.")


def spoken(seconds: int) -> str:
    """A time in the unit that a person would say it in."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}{'' if seconds == size else 's'}"
    return f"{seconds} seconds"
