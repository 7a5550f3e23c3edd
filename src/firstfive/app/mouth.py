"""How people are told: a notifier for each table of the settings, the routes from the page's words to them, and who is on call.

Part of `app`. Connects to nothing until there is something to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from importlib.util import find_spec

from firstfive.engine.telling.routes import Destination, Routes
from firstfive.errors import SettingsError
from firstfive.incident.oncall import Schedule
from firstfive.incident.safety import plain_name
from firstfive.notifiers.breadth import Breadth
from firstfive.notifiers.email import Email
from firstfive.notifiers.matrix import Matrix
from firstfive.notifiers.ntfy import Ntfy
from firstfive.notifiers.pagerduty import PagerDuty
from firstfive.notifiers.slack import Slack
from firstfive.notifiers.telegram import Telegram
from firstfive.notifiers.webhook import Webhook
from firstfive.ports import Notifier
from firstfive.settings import NotifierSettings, PersonSettings, Settings

# How a person is woken, the first way first: what makes a phone ring, then chats, then mail.
WAYS = ("ntfy", "pagerduty", "telegram", "matrix", "slack", "apprise", "email")
HAS_DEFAULT = {
    "email": "to",
    "matrix": "room",
    "slack": "channel",
    "telegram": "chat",
    "ntfy": "topic",
    "webhook": "url",
    "pagerduty": "key",
    "apprise": "url",
}
CALENDAR_BACK, CALENDAR_AHEAD = timedelta(days=14), timedelta(days=60)


def notifiers_of(settings: Settings, now: Callable[[], datetime]) -> tuple[tuple[Notifier, ...], tuple[str, ...]]:
    """The notifiers that can tell, and a remark for each that cannot."""
    made: list[Notifier] = []
    remarks: list[str] = []
    for one in settings.notifiers:
        if one.missing:
            remarks.append(f"notifier {one.name}: {' and '.join(one.missing)} is not set, so it tells nobody")
        elif one.kind != "console":
            made.append(_made(one, now))
        if one.kind == "slack" and "app_token" in one.options and not _answers(one):
            why = "firstfive[slack] is not installed" if one.options["app_token"] else "its app token is not set"
            remarks.append(f"notifier {one.name}: {why}, so its buttons open links")
    return tuple(made), tuple(remarks)


def _made(one: NotifierSettings, now: Callable[[], datetime]) -> Notifier:
    name, given = one.name, dict(one.options)
    url = {"url": given["url"].rstrip("/")} if given.get("url") else {}
    match one.kind:
        case "email":
            return Email(
                name=name,
                host=given["host"],
                port=int(given.get("port", "587")),
                sender=given["sender"],
                now=now,
                to=given.get("to", ""),
                user=given.get("user", ""),
                password=given.get("password", ""),
                tls=given.get("tls", "starttls"),
            )
        case "matrix":
            return Matrix(name=name, url=given["url"].rstrip("/"), token=given["token"], room=given.get("room", ""))
        case "slack":
            app_token = given.get("app_token", "")
            return Slack(name=name, token=given["token"], channel=given.get("channel", ""), app_token=app_token, **url)
        case "telegram":
            return Telegram(name=name, token=given["token"], chat=given.get("chat", ""), **url)
        case "ntfy":
            return Ntfy(name=name, topic=given.get("topic", ""), token=given.get("token", ""), **url)
        case "webhook":
            return Webhook(name=name, url=given["url"], secret=given["secret"], now=now)
        case "pagerduty":
            return PagerDuty(name=name, routing_key=given["key"], **url)
        case "apprise":
            return Breadth(name=name, url=given["url"])
        case _:
            raise SettingsError(f"notifier {name} is of no known kind", remedy="mend its kind")


def routes_of(settings: Settings, working: Iterable[Notifier]) -> Routes:
    """Where channels and people lead. Without a route a channel goes to every notifier that has an address of its own."""
    there = {notifier.name for notifier in working}
    usual = tuple(
        Destination(notifier=one.name)
        for one in settings.notifiers
        if one.name in there and one.options.get(HAS_DEFAULT.get(one.kind, ""))
    )
    return Routes(
        channels={word: _ways(ways) for word, ways in settings.notify.channels.items()},
        people=_people(settings, there),
        default=usual,
        fallback=_ways(settings.notify.fallback),
        answering=frozenset(one.name for one in settings.notifiers if one.name in there and _answers(one)),
    )


def _answers(one: NotifierSettings) -> bool:
    """Whether this chat tells us who pressed, without an address of ours that it could reach."""
    match one.kind:
        case "slack":
            return bool(one.options.get("app_token")) and find_spec("websockets") is not None
        case "telegram":
            return one.options.get("answers", "poll") == "poll"
        case _:
            return False


def _ways(ways: Iterable[str]) -> tuple[Destination, ...]:
    pairs = (way.partition(":") for way in ways)
    return tuple(Destination(notifier=name, address=address) for name, _, address in pairs)


def _people(settings: Settings, there: set[str]) -> dict[str, tuple[Destination, ...]]:
    by_kind: dict[str, str] = {}
    for one in settings.notifiers:
        if one.name in there:
            by_kind.setdefault(one.kind, one.name)
    found = {}
    for person in settings.people.values():
        ways = tuple(_reached(person, by_kind))
        for called in (person.name, *person.aliases, person.email):
            if called and ways:
                found[plain_name(called)] = ways
    return found


def _reached(person: PersonSettings, by_kind: dict[str, str]) -> Iterable[Destination]:
    for kind in WAYS:
        address = getattr(person, kind)
        if address and kind in by_kind:
            yield Destination(notifier=by_kind[kind], address=address)


def secrets_of(settings: Settings) -> Iterable[str]:
    """Values of notifiers that must never be shown."""
    for one in settings.notifiers:
        for key in ("token", "app_token", "secret", "password", "key"):
            if one.options.get(key):
                yield one.options[key]
        if one.kind in ("apprise", "webhook") and one.options.get("url"):
            yield one.options["url"]


def rota_of(settings: Settings, now: datetime) -> tuple[tuple[Schedule, ...], tuple[str, ...]]:
    """The schedules with what their calendars say around now, in the order to page, and a remark for what was left out.

    A calendar that cannot be read leaves its schedule as written.
    """
    from firstfive.settings.oncall import schedule_between

    found: list[Schedule] = []
    remarks: list[str] = []
    for plan in settings.oncall:
        try:
            schedule, notes = schedule_between(plan, settings.people, now - CALENDAR_BACK, now + CALENDAR_AHEAD)
        except SettingsError as problem:
            schedule, notes = plan.schedule, (str(problem),)
        found.append(schedule)
        remarks += [f"on-call {schedule.name}: {note}" for note in notes]
    return tuple(found), tuple(remarks)
