"""The services that can be asked for real: which variables name them, and the notifier made of these."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from firstfive.notifiers.email import Email
from firstfive.notifiers.matrix import Matrix
from firstfive.notifiers.ntfy import Ntfy
from firstfive.notifiers.pagerduty import PagerDuty
from firstfive.notifiers.slack import Slack
from firstfive.notifiers.telegram import Telegram
from firstfive.notifiers.webhook import Webhook
from firstfive.ports import Notifier

Given = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """`needs` are variables behind LIVE_ and the service's name, `may` those that can be left out. `spoil` makes its token void."""

    needs: tuple[str, ...]
    make: Callable[[Given], Notifier]
    may: tuple[str, ...] = ()
    spoil: Callable[[Any, str], Notifier] | None = None


def now() -> datetime:
    return datetime.now(UTC)


def url(given: Given) -> dict[str, str]:
    return {"url": given["URL"].rstrip("/")} if given.get("URL") else {}


def mail(given: Given) -> Notifier:
    return Email(
        name="mail",
        host=given["HOST"],
        port=int(given.get("PORT") or "587"),
        sender=given["SENDER"],
        to=given["TO"],
        now=now,
        user=given.get("USER", ""),
        password=given.get("PASSWORD", ""),
        tls=given.get("TLS") or "starttls",
    )


def token(notifier: Any, void: str) -> Notifier:
    spoiled: Notifier = replace(notifier, token=void)
    return spoiled


SERVICES: dict[str, Service] = {
    "slack": Service(
        needs=("TOKEN", "CHANNEL"),
        may=("APP_TOKEN", "URL"),
        make=lambda given: Slack(
            name="slack",
            token=given["TOKEN"],
            channel=given["CHANNEL"],
            app_token=given.get("APP_TOKEN", ""),
            **url(given),
        ),
        spoil=token,
    ),
    "telegram": Service(
        needs=("TOKEN", "CHAT"),
        may=("URL",),
        make=lambda given: Telegram(name="telegram", token=given["TOKEN"], chat=given["CHAT"], **url(given)),
        spoil=token,
    ),
    "ntfy": Service(
        needs=("TOPIC",),
        may=("URL", "TOKEN"),
        make=lambda given: Ntfy(name="ntfy", topic=given["TOPIC"], token=given.get("TOKEN", ""), **url(given)),
    ),
    "matrix": Service(
        needs=("URL", "TOKEN", "ROOM"),
        make=lambda given: Matrix(name="matrix", token=given["TOKEN"], room=given["ROOM"], **url(given)),
        spoil=token,
    ),
    "pagerduty": Service(
        needs=("KEY",),
        may=("URL",),
        make=lambda given: PagerDuty(name="pagerduty", routing_key=given["KEY"], **url(given)),
        spoil=lambda notifier, void: replace(notifier, routing_key=void),
    ),
    "webhook": Service(
        needs=("URL", "SECRET"),
        make=lambda given: Webhook(name="webhook", secret=given["SECRET"], now=now, **url(given)),  # type: ignore[arg-type]
    ),
    "mail": Service(needs=("HOST", "SENDER", "TO"), may=("PORT", "USER", "PASSWORD", "TLS"), make=mail),
}


def given(name: str) -> dict[str, str]:
    """What the environment says of a service."""
    service, known = SERVICES[name], {}
    for key in (*service.needs, *service.may):
        known[key] = os.environ.get(f"LIVE_{name.upper()}_{key}", "")
    return known


def missing(name: str) -> list[str]:
    """The variables without which this service cannot be asked."""
    known = given(name)
    return [f"LIVE_{name.upper()}_{key}" for key in SERVICES[name].needs if not known[key]]
