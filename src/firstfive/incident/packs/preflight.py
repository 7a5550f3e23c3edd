"""The last look before somebody is blocked: on the host itself, whether the network holds an address that must stay reachable.

Put in front of every blocking script by `block` and `cloudflare`. What it finds ends the script before anything has changed.
"""

from __future__ import annotations

from firstfive.incident.packs.addresses import Network

# Hexadecimal digits make one comparison serve both families; what cannot be compared counts as inside.
# `mine` lists, one a line: who is logged in here or has an SSH connection, this host's own addresses, its gateways and its name servers.
_CHECK = r"""
digits() {
  local text=$1 part full='' head tail n
  if [[ $text == *.* ]]; then
    for part in ${text//./ }; do full+=$(printf '%02x' "$((10#$part))"); done
  else
    head=$text tail=''
    if [[ $text == *::* ]]; then head=${text%%::*} tail=${text#*::}; fi
    for part in ${head//:/ }; do full+=$(printf '%04x' "$((16#$part))"); done
    part=''
    for n in ${tail//:/ }; do part+=$(printf '%04x' "$((16#$n))"); done
    while ((${#full} + ${#part} < 32)); do full+=0; done
    full+=$part
  fi
  printf '%s' "$full"
}
outside() {
  local its whole=$((bits / 4)) rest=$((bits % 4))
  its=$(digits "$1") || return 1
  [[ ${#its} -eq 8 || ${#its} -eq 32 ]] || return 1
  [[ ${#its} -eq ${#network} && ${its:0:whole} == "${network:0:whole}" ]] || return 0
  ((rest > 0)) || return 1
  (((16#${its:whole:1} ^ 16#${network:whole:1}) >> (4 - rest) > 0))
}
mine() {
  {
    printf '%s\n' "${SSH_CONNECTION:-}" "${SSH_CLIENT:-}"
    who || true
    ss -Htn state established '( sport = :22 )' || true
    ss -Htnp state established | grep '"sshd' || true
    ip -o addr show || true
    ip route show default || true
    ip -6 route show default || true
    grep '^nameserver' /etc/resolv.conf || true
  } 2>/dev/null | sed -E 's/::ffff:([0-9]+\.)/\1/g' |
    grep -oE '([0-9]{1,3}\.){3}[0-9]{1,3}|[0-9a-fA-F]{0,4}(:[0-9a-fA-F]{0,4}){2,7}' | sort -u || true
}
all=$(mine)
if [ -z "$all" ]; then echo "not blocked: it cannot be seen here who would be shut out (is there no ip?)" >&2; exit 1; fi
for own in $all; do
  if ! outside "$own"; then
    echo "not blocked: $own is in use by this host or by somebody logged in on it, and %(shown)s holds it" >&2
    exit 1
  fi
done
"""


def preflight(network: Network) -> str:
    """Bash that ends with exit 1 when `network` holds an address of the host or of somebody logged in; else it goes on."""
    width = 8 if network.version == 4 else 32
    return (
        f"network={int(network.network_address):0{width}x} bits={network.prefixlen}  # {network}"
        f"{_CHECK.replace('%(shown)s', shown(network))}"
    )


def shown(network: Network) -> str:
    """The network as programs write it: an address alone when it is one."""
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)
