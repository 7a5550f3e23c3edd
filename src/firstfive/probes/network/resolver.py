"""Questions to the resolver of this machine: what stands in the DNS, and whether anybody answers at all.

Asked by looks at records, and by `own_connection` when nothing outside is reached. It reads /etc/resolv.conf anew each time.
"""

from __future__ import annotations

import asyncio
import secrets

from firstfive.errors import FirstfiveError

RESOLV_CONF, PORT = "/etc/resolv.conf", 53
LIFETIME, PATIENCE = 5.0, 1.0  # seconds for an answer, and for the question whether anybody answers


class Missing(Exception):
    """The name or the record does not exist, or the name's own servers cannot answer for it."""


async def records(domain: str, record: str) -> tuple[str, ...]:
    """What stands there, as text; TXT without quotes and joined. Raises Missing, and FirstfiveError when nobody knows.

    A failing answer counts against the name only when the resolver answers another question: else it is our own resolver's trouble.
    """
    import dns.asyncresolver
    import dns.exception
    import dns.rdatatype
    import dns.resolver

    try:
        kind = dns.rdatatype.from_text(record)
    except (dns.rdatatype.UnknownRdatatype, ValueError):
        raise FirstfiveError(
            f"{record!r} is no kind of DNS record", remedy='write record = "A", "MX", "TXT" ...'
        ) from None
    try:
        resolver = dns.asyncresolver.Resolver(filename=RESOLV_CONF)
        resolver.port = PORT
        answer = await resolver.resolve(domain, kind, lifetime=LIFETIME, search=False)
    except dns.resolver.NXDOMAIN:
        raise Missing(f"the name {domain} does not exist") from None
    except dns.resolver.NoAnswer:
        raise Missing(f"{domain} has no {record.upper()} record") from None
    except (dns.exception.DNSException, OSError) as problem:
        silent = await resolvers_silent()
        if isinstance(problem, dns.resolver.NoNameservers) and not silent:
            raise Missing(f"the servers of {domain} do not answer for it") from None
        raise FirstfiveError(
            f"{domain} cannot be looked up: {silent or 'our own resolver does not answer'}, so nobody knows",
            remedy="check the network and /etc/resolv.conf of this machine",
        ) from None
    if kind == dns.rdatatype.TXT:
        return tuple(b"".join(row.strings).decode("utf-8", "replace") for row in answer)
    return tuple(row.to_text() for row in answer)


async def resolvers_silent(*, near: bool = False) -> str:
    """Why no resolver of this machine can be trusted now; empty when one answers, or when there is none to ask.

    The question is a new name below `arpa` that does not exist, so that no cache can answer it: who knows that reaches the world.
    With `near` any reply counts, as it shows that the network around this machine works.
    """
    import dns.asyncquery
    import dns.exception
    import dns.message
    import dns.rcode
    import dns.resolver

    try:
        servers = [str(server) for server in dns.resolver.Resolver(filename=RESOLV_CONF).nameservers]
    except (dns.exception.DNSException, OSError):
        return ""

    async def answers(server: str) -> bool:
        question = dns.message.make_query(f"firstfive-{secrets.token_hex(8)}.arpa.", "A")
        try:
            reply = await dns.asyncquery.udp(question, server, timeout=PATIENCE, port=PORT)
        except (dns.exception.DNSException, OSError):
            return False
        return near or reply.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)

    waiting = [asyncio.create_task(answers(server)) for server in servers]
    try:
        for done in asyncio.as_completed(waiting):
            if await done:
                return ""
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    return "no resolver of this machine answers" if servers else ""
