"""A step runs on the host that the page or its incident's signals name, and on no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstfive.incident import events as ev
from firstfive.incident.policy import Policy
from firstfive.incident.respond import run_of
from firstfive.incident.signals import Signal
from firstfive.incident.timeline import Incident, fold
from firstfive.incident.triage import Declare, Join, triage
from incident import builders as b

PAGE = b.handbook()
POLICY = Policy(target="main", one_fault=timedelta(minutes=2), unnamed_joins=timedelta(minutes=10))
STEP = b.SHOP_DOWN.steps[0]

signals = st.builds(
    lambda symptom, host, at, subject: b.signal(symptom, host=host, at=b.seconds(at), subject=subject),
    st.sampled_from(["down.1", "down.3", "pay.1", ""]),
    st.sampled_from(["", "main", "db", "web"]),
    st.integers(0, 900),
    st.sampled_from(["a", "b"]),
)


def grown(seen: list[Signal]) -> list[Incident]:
    """The incidents that come of these signals, and of one that a person declared first."""
    lines: dict[str, list[b.Line]] = {"INC-0": [(0, b.declared())]}
    for number, signal in enumerate(sorted(seen, key=lambda one: one.at), 1):
        live = [replace(fold("INC-1", b.entries(tuple(rows))), id=name) for name, rows in reversed(lines.items())]
        found = triage(PAGE, signal, live, policy=POLICY, now=signal.at)
        after = (signal.at - b.T0).total_seconds()
        if isinstance(found, Declare):
            lines[f"INC-{number}"] = [(after, b.declared()), (after, ev.SignalSeen(signal=signal))]
        elif isinstance(found, Join):
            lines[found.incident].append((after, ev.SignalSeen(signal=signal)))
    return [fold("INC-1", b.entries(tuple(rows))) for rows in lines.values()]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(signals, max_size=12))
def test_an_incident_is_about_one_host_and_its_steps_run_there(seen: list[Signal]) -> None:
    for incident in grown(seen):
        hosts = {signal.host or POLICY.target for signal in incident.signals.values()} or {POLICY.target}
        assert len(hosts) == 1
        assert run_of(POLICY, incident, STEP, 1).target in hosts
        assert run_of(POLICY, incident, replace(STEP, on="backup"), 1).target == "backup", "the page's own word wins"


def test_what_is_asked_for_is_bound_to_its_host() -> None:
    """The same bytes for another host are another run: an approval of the one is none of the other."""
    on_db = b.incident((0, b.declared()), (0, ev.SignalSeen(signal=b.signal(host="db"))))
    at_home = b.incident((0, b.declared()), (0, ev.SignalSeen(signal=b.signal())))
    one, other = run_of(POLICY, on_db, STEP, 1), run_of(POLICY, at_home, STEP, 1)
    assert (one.target, other.target) == ("db", "main")
    assert one.script == other.script
    assert one.sha256 != other.sha256
