"""What strangers may choose from: the page's own words, never a name of the inside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firstfive.documents.public.offered import LONGEST, MOST, offered
from firstfive.documents.public.wording import internal_words
from firstfive.handbook.compile import compile_vault
from incident.builders import handbook
from page import original_page


def test_the_original_page_offers_what_its_people_outside_can_see() -> None:
    assert offered(compile_vault({"Incident Response.md": original_page()})) == (
        "Site fully down or unable to process payments",
        "Email sending broken",
        "Chat undelivered",
        "One user can't upload PDF",
        'Buyers see "Payment unavailable" in checkout',
        "Password resets, welcome emails, dispute notifications fail",
        "Clients spinning on chat / notification badges",
    )


INSIDE = (
    "Backend container in crashloop",
    "PayGate API permanently failing",
    "rate-limit logs spiking",
    "`shop-web` answers 502",
    "Single failed webhook",
    "MongoDB slow",
    "see /var/log/app",
    "$QUEUE full",
    "x" * (LONGEST + 1),
)


@pytest.mark.parametrize("words", INSIDE)
def test_what_names_the_inside_is_not_offered(words: str) -> None:
    page = handbook()
    rows = tuple(replace(row, meaning="", examples=(words, "Chat is slow")) for row in page.severities)
    assert words[0].upper() + words[1:] not in offered(replace(page, severities=rows))
    assert "Chat is slow" in offered(replace(page, severities=rows))


def test_it_is_a_short_list_of_different_words_and_hygiene_is_nobodys_report() -> None:
    page = handbook()
    many = tuple(f"Part {chr(97 + n)} does not answer" for n in range(20)) * 2
    rows = tuple(replace(row, examples=many if row.level == 2 else ("Old things",)) for row in page.severities)
    words = offered(replace(page, severities=rows))
    assert len(words) == len(set(words)) == MOST
    assert not any(internal_words(one) for one in words)
    backlog = [row for row in page.severities if row.response.kind == "backlog"]
    assert backlog
    assert "Old things" not in offered(
        replace(page, severities=tuple(replace(r, examples=("Old things",)) for r in backlog))
    )
