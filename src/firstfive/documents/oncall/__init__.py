"""What is written from an on-call schedule: a calendar for other programs, and the answers for surfaces."""

from __future__ import annotations

from firstfive.documents.oncall.calendar import calendar as calendar
from firstfive.documents.oncall.view import said as said
from firstfive.documents.oncall.view import view as view
