"""What people promised in post-mortems: read back from the notes, held against a day, handed to other programs.

`read_actions` reads one file, `overdue` and its kin choose, `listing`, `as_json`, `as_ical` and the issue bodies hand on.
"""

from __future__ import annotations

from firstfive.documents.actions.choose import by_owner as by_owner
from firstfive.documents.actions.choose import due_by as due_by
from firstfive.documents.actions.choose import in_order as in_order
from firstfive.documents.actions.choose import overdue as overdue
from firstfive.documents.actions.hand_on import as_ical as as_ical
from firstfive.documents.actions.hand_on import as_json as as_json
from firstfive.documents.actions.hand_on import github_issue as github_issue
from firstfive.documents.actions.hand_on import gitlab_issue as gitlab_issue
from firstfive.documents.actions.hand_on import listing as listing
from firstfive.documents.actions.read import ActionItem as ActionItem
from firstfive.documents.actions.read import ActionsRead as ActionsRead
from firstfive.documents.actions.read import Unread as Unread
from firstfive.documents.actions.read import read_actions as read_actions
