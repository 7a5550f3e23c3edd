"""Which runbook an outside sender's alert is about: by what it says itself, or by the page's own symptoms found in it.

Called by the engine before a signal is sorted. Claims nothing on a likeness: a name, a token, an address or a container must be equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from firstfive.handbook.model import (
    ExternalSymptom,
    Handbook,
    HttpSymptom,
    LogSymptom,
    Runbook,
    StatusSymptom,
    Symptom,
)
from firstfive.incident.signals import Signal, SignalKind

SHORTEST_TOKEN = 6
_CONTAINER = ("container", "container_name", "name", "container_label_com_docker_compose_service", "service")
_TROUBLE = ("restart", "exit", "unhealthy", "oom", "down", "crash", "kill", "died", "stopped", "not running")


def pointed(handbook: Handbook, signal: Signal) -> tuple[Signal, str]:
    """The signal with the symptom or the runbook it is about, and how that is known; unchanged and "" when nothing says so."""
    if signal.symptom or signal.kind not in (SignalKind.ALERT, SignalKind.HEARTBEAT):
        return signal, ""
    named, signal = signal.runbook, replace(signal, runbook="")
    if named:
        found = _named(handbook, named)
        if found is not None:
            return replace(signal, runbook=found.id), f"the alert itself names {_short(found)}"
    labels = dict(signal.labels)
    for runbook, symptom in _symptoms(handbook):
        how = _shows(symptom, signal, labels)
        if how:
            return replace(signal, symptom=symptom.id), f"{how}, as in {_short(runbook)} ({symptom.place})"
    return signal, f"the page has no runbook “{named}” that the alert names" if named else ""


def _named(handbook: Handbook, name: str) -> Runbook | None:
    """A runbook by what senders write: its id, number or title, or the anchor of its heading, however spelt."""
    plain = _plain(name)
    exact = handbook.runbook(name)
    if exact is not None or not plain:
        return exact
    return next(
        (r for r in handbook.runbooks if plain in (_plain(r.id), _plain(r.title), _plain(f"{r.number} {r.title}"))),
        None,
    )


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _symptoms(handbook: Handbook) -> Iterator[tuple[Runbook, Symptom]]:
    """Every symptom, the kinds that say most first."""
    order = (ExternalSymptom, LogSymptom, HttpSymptom, StatusSymptom)
    for kind in order:
        for runbook in handbook.runbooks:
            for symptom in runbook.symptoms:
                if isinstance(symptom, kind):
                    yield runbook, symptom


def _shows(symptom: Symptom, signal: Signal, labels: Mapping[str, str]) -> str:
    """How the alert shows this symptom, or nothing."""
    match symptom:
        case ExternalSymptom(tokens=tokens):
            names = {labels.get("alertname", ""), signal.subject, signal.subject.split(" on ")[0], signal.text} - {""}
            equal = next((token for token in tokens if token in names), "")
            return f"the page names the alert {equal}" if equal else ""
        case LogSymptom(tokens=tokens):
            said = " ".join((signal.text, signal.subject, labels.get("description", ""), labels.get("summary", "")))
            held = _longest(token for token in tokens if len(token) >= SHORTEST_TOKEN and token in said)
            return f"it says {held}" if held else ""
        case HttpSymptom(url=url):
            addresses = {labels.get(name, "").rstrip("/") for name in ("url", "instance", "target")} | {
                signal.link.rstrip("/")
            }
            return f"it is about {url}" if url.rstrip("/") in addresses else ""
        case StatusSymptom(subject=subject):
            mine = any(labels.get(name, "").lstrip("/") == subject for name in _CONTAINER)
            said = f"{signal.text} {signal.subject}".lower()
            return f"it is about the container {subject}" if mine and any(word in said for word in _TROUBLE) else ""
        case _:
            return ""


def _longest(tokens: Iterable[str]) -> str:
    return max(tokens, key=len, default="")


def _short(runbook: Runbook) -> str:
    return f"{runbook.number} {runbook.title}".strip()
