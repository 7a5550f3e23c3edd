"""Blocks an offender at Cloudflare, in front of the host; the rule carries its own end, so that the edge lets it lapse.

Asked through `block.block`. The token is read where the script runs and never stands in a script, an argument or an output.
"""

from __future__ import annotations

import json
import re
import shlex
from datetime import datetime, timedelta

from firstfive.errors import Refused
from firstfive.incident.packs.addresses import Network
from firstfive.incident.packs.packed import STRICT, Packed, instant
from firstfive.incident.packs.preflight import preflight, shown

API = "https://api.cloudflare.com/client/v4"

_PHASE = "http_request_firewall_custom"
_NO_RULES_YET = 10003  # the code of "could not find entrypoint ruleset in the phase"
_API = re.compile(r"https?://[A-Za-z0-9.:\[\]/_-]+", re.ASCII)

# curl reads the header with the token from a pipe: arguments can be seen by every user of the host.
_ASK = """
: "${CLOUDFLARE_API_TOKEN:?set it where this runs: a token of the zone with the right Zone WAF Write}"
command -v jq >/dev/null || { echo "there is no jq on this host" >&2; exit 1; }
ask() {
  printf 'header = "Authorization: Bearer %s"\\n' "$CLOUDFLARE_API_TOKEN" |
    curl --config - --silent --show-error --max-time 20 --header 'Content-Type: application/json' --request "$1" "$api$2" ${3:+--data "$3"}
}
done_or_said() {
  jq -e '.success' >/dev/null <<<"$1" || { jq -r '.errors[]?.message // "no answer that can be read"' <<<"$1" >&2; exit 1; }
}
"""


def block(network: Network, *, until: datetime, zone: str, api: str = API) -> Packed:
    """A custom rule of the zone that blocks requests of `network` until `until`. `zone` is the zone's id, 32 hexadecimal digits.

    Raises:
        Refused: when `zone` or `api` is not of its form.
    """
    if not re.fullmatch(r"[0-9a-f]{32}", zone):
        raise Refused(
            f"“{zone!a}” is no zone of Cloudflare",
            remedy="give the zone's id: 32 hexadecimal digits, on its overview page",
        )
    if not _API.fullmatch(api):
        raise Refused(f"{api!a} is no address of an API", remedy="give an https:// address")
    who, end = shown(network), int(until.timestamp())
    name = f"firstfive {who} until {instant(until)}"
    head = f"""{STRICT}
api={shlex.quote(f"{api}/zones/{zone}")}
{_ASK}
rules=$(ask GET /rulesets/phases/{_PHASE}/entrypoint)
"""
    stands = f'jq -e \'any(.result.rules[]?; .description == "{name}")\' >/dev/null <<<"$rules"'
    return Packed(
        name="block-cloudflare",
        script=f"{head}{preflight(network)}{_make(stands, name, who, end)}",
        undo=f"{head}{_unmake(name)}",
        verify=f'{head}{stands}\nleft=$(({end} - $(date +%s)))\n((left > 0))\necho "{name}, $left s left"\n',
        why=f"Cloudflare blocks requests of {who} until {instant(until)}; the end stands in the rule itself",
        timeout=timedelta(seconds=120),
        warnings=(
            "it works only for names that Cloudflare proxies; who knows the host's own address goes around it",
            "the lapsed rule stays listed, does nothing, and counts against the plan's number of custom rules until it is taken away",
            "whoever answers the incident may sit behind the same address at Cloudflare: hold it against your own first",
        ),
    )


def _make(stands: str, name: str, who: str, end: int) -> str:
    source = f"ip.src eq {who}" if "/" not in who else f"ip.src in {{{who}}}"
    rule = {
        "action": "block",
        "description": name,
        "enabled": True,
        "expression": f"({source} and http.request.timestamp.sec lt {end})",
    }
    first = json.dumps(rule | {"position": {"index": 1}})
    whole = json.dumps({"kind": "zone", "name": "default", "phase": _PHASE, "rules": [rule]})
    return f"""
if {stands}; then echo "it stands already"; exit 0; fi
if jq -e .success >/dev/null <<<"$rules"; then
  id=$(jq -er .result.id <<<"$rules")
  said=$(ask POST "/rulesets/$id/rules" {shlex.quote(first)})
elif jq -e 'any(.errors[]?; .code == {_NO_RULES_YET})' >/dev/null <<<"$rules"; then
  said=$(ask POST /rulesets {shlex.quote(whole)})
else
  said=$rules
fi
done_or_said "$said"
echo {shlex.quote(f"blocked: {name}")}
"""


def _unmake(name: str) -> str:
    return f"""
done_or_said "$rules"
id=$(jq -er .result.id <<<"$rules")
rule=$(jq -r '[.result.rules[]? | select(.description == "{name}") | .id][0] // ""' <<<"$rules")
if [ -z "$rule" ]; then echo "it does not stand any more"; exit 0; fi
said=$(ask DELETE "/rulesets/$id/rules/$rule")
done_or_said "$said"
"""
