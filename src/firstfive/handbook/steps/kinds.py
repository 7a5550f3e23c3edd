"""The closed lists of words in the model: kinds of checks, steps, duties, response times, notices and findings.

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


class Level(StrEnum):
    """How bad a problem is: an error would run wrongly, a warning may, an info is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Deadline(StrEnum):
    """The three kinds of response time a matrix names."""

    WITHIN = "within"
    NEXT_BUSINESS_DAY = "next business day"
    BACKLOG = "backlog"


class TemplateKind(StrEnum):
    """The four notices of the page; `OTHER` keeps any further one usable by its title."""

    INITIAL = "initial"
    UPDATE = "update"
    RESOLUTION = "resolution"
    CUSTOMER = "customer"
    OTHER = "other"
