"""Which entries of a timeline somebody wants to see: what people said, what steps did, what was found, who was told.

Called by the room in a terminal. Every event belongs to one group of work, and what a person wrote belongs to the people as well.
"""

from __future__ import annotations

from collections.abc import Mapping

from firstfive.incident import events as ev

ALL, PEOPLE = "all", "people"

_GROUPS: Mapping[str, tuple[type, ...]] = {
    "steps": (
        ev.RollbackProposed,
        ev.RollbackPlanned,
        ev.RollbackImpossible,
        ev.ParameterSet,
        ev.StepRequested,
        ev.StepSkipped,
        ev.ChangeOffered,
        ev.ApprovalAsked,
        ev.Approved,
        ev.UndoRequested,
        ev.Declined,
        ev.ApprovalExpired,
        ev.StepStarted,
        ev.StepNotBegun,
        ev.StepFinished,
        ev.OutcomeUnknown,
        ev.OutcomeSettled,
        ev.JournalRestored,
        ev.HostsAsked,
        ev.Resumed,
    ),
    "found": (
        ev.SignalSeen,
        ev.ReportReceived,
        ev.CheckDone,
        ev.FactsFound,
        ev.DeployNoticed,
        ev.RunbooksRanked,
        ev.HypothesisSet,
        ev.Mitigated,
        ev.Verified,
    ),
    "told": (
        ev.UpdateAsked,
        ev.NoticeSent,
        ev.NoticeFailed,
        ev.PublicUpdate,
        ev.Paged,
        ev.PageFailed,
        ev.Reminded,
        ev.Unacknowledged,
        ev.ThreadOpened,
    ),
}
_NAMES = {group: frozenset(kind.__name__ for kind in kinds) for group, kinds in _GROUPS.items()}
CHOICES = (ALL, PEOPLE, *_NAMES)


def wanted(choice: str, kind: str, by: str, text: str) -> bool:
    """Whether an entry (its event's name, who wrote it, its sentence) is among what was chosen: one of `CHOICES`, else words in it."""
    if choice in ("", ALL):
        return True
    if choice == PEOPLE:
        return by != ev.SELF
    if choice in _NAMES:
        return kind in _NAMES[choice]
    return all(word in text.casefold() for word in choice.casefold().split())
