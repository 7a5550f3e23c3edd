"""Refuses an offender at nginx itself, for a limited time: where packets come from a proxy, only nginx knows the client's address.

Made by `block`. One line in a file that nginx includes in its `server`; the line itself knows its end, so that it lapses also when
nothing of ours runs any more. Only nginx's own variables and patterns are used.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import IPv4Network

from firstfive.errors import Refused
from firstfive.incident.packs.addresses import Network
from firstfive.incident.packs.packed import STRICT, Packed, instant, quoted
from firstfive.incident.packs.preflight import preflight, shown


def lines(network: Network, until: datetime) -> tuple[str, str]:
    """What goes into the file: a mark to find it by, and the condition. 444 ends the connection without an answer.

    Raises:
        Refused: for a network of IPv6, which nginx's patterns cannot tell.
    """
    mark = f"# firstfive {shown(network)} until {instant(until)}"
    pattern = f"^{_client(network)}\\|{before(int(until.timestamp()))}\\."
    return mark, f'set $firstfive "$remote_addr|$msec"; if ($firstfive ~ "{pattern}") {{ return 444; }}'


def before(end: int) -> str:
    """A pattern of whole seconds since 1970, ten digits of them, before `end`."""
    digits = f"{end:010d}"
    parts = [
        f"{digits[:n]}[0-{int(digit) - 1}]\\d{{{len(digits) - n - 1}}}"
        for n, digit in enumerate(digits)
        if digit != "0"
    ]
    return f"(?:{'|'.join(parts)})"


def _client(network: Network) -> str:
    if not isinstance(network, IPv4Network):
        if network.prefixlen != network.max_prefixlen:
            raise Refused(
                f"{network} cannot be blocked at nginx: it is told there by a pattern, and a network of IPv6 has none",
                remedy="name one address, or block the network on the host's own firewall",
            )
        return str(network.network_address).replace(".", r"\.")
    first, last = (int(a).to_bytes(4, "big") for a in (network.network_address, network.broadcast_address))
    return r"\.".join(
        str(a) if a == b else f"(?:{'|'.join(str(n) for n in range(a, b + 1))})"
        for a, b in zip(first, last, strict=True)
    )


def at_nginx(network: Network, until: datetime, *, file: str, call: tuple[str, ...]) -> Packed:
    """The line written, tested and taken up. `file` is where it lies on the host; `call` are the words that call nginx.

    Raises:
        Refused: when settings name no such file.
    """
    if not file.startswith("/"):
        raise Refused(
            "no file is named that nginx includes for blocks",
            remedy='write [packs] nginx_blocks = "/path/blocks.inc", and `include` that file in nginx\'s server',
        )
    nginx, who, end = " ".join(quoted(word) for word in call), shown(network), int(until.timestamp())
    mark, rule = lines(network, until)
    head = f"{STRICT}\nfile={quoted(file)}\nmark={quoted(mark)}\nrule={quoted(rule)}\n"
    return Packed(
        name="block-nginx",
        script=f"{head}{preflight(network)}{_WRITE.format(nginx=nginx, who=who, end=end)}",
        undo=f"{head}{_TAKE_BACK.format(nginx=nginx)}",
        verify=f"{head}{_STANDS.format(end=end)}",
        why=f"nginx ends every request of {who} without an answer until {instant(until)}; the line itself knows its end",
        timeout=timedelta(seconds=60),
        warnings=(
            "it is only as good as nginx's knowledge of the client: set_real_ip_from must name the proxies and nobody else",
            "requests still reach nginx; they cost it little",
        ),
    )


# Written into the file that is there: one that is mounted into a container would stay the old one otherwise.
_WRITE = r"""
if (($(date +%s) >= {end})); then echo "the block would be over already" >&2; exit 1; fi
[ -f "$file" ] || {{ echo "$file is not there: nginx would not see a block" >&2; exit 1; }}
if ! {nginx} -T 2>/dev/null | grep -F "/${{file##*/}}:" >/dev/null; then
  echo "nginx does not include ${{file##*/}}: a block in it would do nothing" >&2
  exit 1
fi
was=$(cat -- "$file") now=$(date +%s) keep=1
text=$(
  # What has lapsed goes, and an older block of the same client.
  while IFS= read -r line; do
    case $line in
    "# firstfive {who} until "*) keep=0 ;;
    "# firstfive "*" until "*) if [ "$(date -d "${{line##* until }}" +%s)" -le "$now" ]; then keep=0; else keep=1; fi ;;
    "set \$firstfive "*) ;;
    *) keep=1 ;;
    esac
    if [ "$keep" = 1 ]; then printf '%s\n' "$line"; fi
  done <<<"$was"
)
printf '%s\n%s\n%s\n' "$text" "$mark" "$rule" >"$file"
if ! {nginx} -t; then
  printf '%s\n' "$was" >"$file"
  echo "nginx does not take it: $file is as it was" >&2
  exit 1
fi
{nginx} -s reload
"""

_TAKE_BACK = """left=$(grep -vxF -e "$mark" -e "$rule" -- "$file" || true)
printf '%s\n' "$left" >"$file"
{nginx} -t
{nginx} -s reload
"""

_STANDS = """if (($(date +%s) >= {end})); then exit 1; fi
grep -xF -- "$mark" "$file"
grep -xF -- "$rule" "$file" >/dev/null
"""
