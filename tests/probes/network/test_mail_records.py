"""A look at mail records: what receivers would not honour fires, and our own resolver's trouble does not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from firstfive.errors import FirstfiveError
from firstfive.incident.signals import Signal
from firstfive.probes.network import MailRecords

from .peers import NameServer, Zone

pytest.importorskip("checkdmarc", reason="the extra `mail` is not installed")
NOW = datetime(2026, 11, 23, tzinfo=UTC)
KEY = "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC"
GOOD: Zone = {
    ("shop.example", "TXT"): ['"v=spf1 ip4:192.0.2.1 -all"', '"something else"'],
    ("shop.example", "MX"): ["10 mail.shop.example."],
    ("_dmarc.shop.example", "TXT"): ['"v=DMARC1; p=reject; rua=mailto:post@shop.example"'],
    ("k1._domainkey.shop.example", "TXT"): [f'"v=DKIM1; k=rsa; " "{KEY}"'],
}


def look(domain: str = "shop.example", selector: str = "k1", now: datetime = NOW) -> dict[str, Signal]:
    probe = MailRecords(name="mail", symptom="s", domain=domain, selector=selector)
    seen = [s for s in asyncio.run(probe.look(now)) if isinstance(s, Signal)]
    return {s.subject.split()[0]: s for s in seen}


def test_right_records_are_well(names: NameServer) -> None:
    names.zone |= GOOD
    seen = look()
    assert {kind: s.firing for kind, s in seen.items()} == {"SPF": False, "DMARC": False, "DKIM": False}
    assert seen["SPF"].text == "v=spf1 ip4:192.0.2.1 -all"
    assert len({s.fingerprint for s in seen.values()}) == 3


def test_without_a_selector_dkim_is_not_judged(names: NameServer) -> None:
    names.zone |= GOOD
    assert set(look(selector="")) == {"SPF", "DMARC"}


LOOKUPS = " ".join(f"include:n{n}.example" for n in range(12))


@pytest.mark.parametrize(
    ("kind", "stands", "text"),
    [
        ("SPF", ['"something else"'], "has no SPF record"),
        ("SPF", ['"v=spf1 -all"', '"v=spf1 +all"'], "2 SPF records"),
        ("SPF", ['"v=spf1 ipv4:192.0.2.1 -all"'], "cannot be read"),
        ("SPF", ['"v=spf10 -all"'], "has no SPF record"),
        ("SPF", [f'"v=spf1 {LOOKUPS} -all"'], "not honoured"),
        ("DMARC", [], "has no DMARC record"),
        ("DMARC", ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'], "2 DMARC records"),
        ("DMARC", ['"v=DMARC1; p=perhaps"'], "cannot be read"),
        ("DKIM", [], "no DKIM key"),
        ("DKIM", ['"v=DKIM1; p="'], "revoked"),
        ("DKIM", ['"hello"'], "no DKIM key"),
    ],
)
def test_what_receivers_do_not_honour_fires(names: NameServer, kind: str, stands: list[str], text: str) -> None:
    names.zone |= GOOD | {(f"n{n}.example", "TXT"): ['"v=spf1 -all"'] for n in range(12)}
    place = {"SPF": "shop.example", "DMARC": "_dmarc.shop.example", "DKIM": "k1._domainkey.shop.example"}[kind]
    names.zone[place, "TXT"] = stands
    seen = look()
    assert {k for k, s in seen.items() if s.firing} == {kind}
    assert text in seen[kind].text
    assert seen[kind].family == "mail record wrong"


def test_a_subdomain_falls_back_to_the_dmarc_of_its_organisation(names: NameServer) -> None:
    names.zone |= GOOD | {("news.shop.example", "TXT"): ['"v=spf1 -all"']}
    seen = look("news.shop.example", selector="")
    assert not seen["DMARC"].firing, seen["DMARC"].text


@pytest.mark.parametrize("how", ["silent", "lost"])
def test_our_own_resolver_in_trouble_declares_nothing(names: NameServer, how: str) -> None:
    setattr(names, how, True)
    with pytest.raises(FirstfiveError) as unknown:
        look()
    assert "nobody knows" in unknown.value.what


def test_once_it_is_sure_it_asks_hourly(names: NameServer) -> None:
    names.zone |= GOOD
    probe = MailRecords(name="mail", symptom="s", domain="shop.example")

    def ask(minutes: float) -> bool:
        before = len(names.asked)
        asyncio.run(probe.look(NOW + timedelta(minutes=minutes)))
        return len(names.asked) > before

    assert [ask(m) for m in (0, 0.1, 0.2, 0.3, 30, 59, 61)] == [True, True, True, False, False, False, True]
