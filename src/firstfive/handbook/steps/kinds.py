"""The words for what a check or step is: its kind, who moves it, what it is for, what prose asks.

Part of the model, which hands them on; holds no behaviour.
"""

from __future__ import annotations

from enum import StrEnum


class CheckKind(StrEnum):
    """What a first-five item asks for; `OTHER` is shown to a person as it stands."""

    ACKNOWLEDGE = "acknowledge"
    ERROR_SPIKES = "error spikes"
    HOST_SHELL = "host shell"
    HEALTH = "health"
    CONTAINERS = "containers"
    DEPLOYS = "deploys"
    OTHER = "other"


class Mode(StrEnum):
    """Who moves a step: it runs by itself, after approval, or a person does it by hand."""

    AUTO = "auto"
    APPROVE = "approve"
    MANUAL = "manual"


class Purpose(StrEnum):
    """What a step is for, where its words say so."""

    LOOK = "look"
    CHANGE = "change"
    ROLL_BACK = "roll back"
    VERIFY = "verify"


class DutyKind(StrEnum):
    """What the page's prose asks of the responder beyond commands."""

    SEVERITY = "severity"
    COMMUNICATE = "communicate"
    PRECONDITION = "precondition"
    GUARD = "guard"
    DEADLINE = "deadline"
