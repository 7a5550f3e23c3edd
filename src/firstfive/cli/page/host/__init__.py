"""The page held against the living host: what it names and whether that is there.

Called by `firstfive check --host`. Runs only commands that are judged to run by themselves, never the page's own.
"""

from __future__ import annotations

from firstfive.cli.page.host.held import ENGINE as ENGINE
from firstfive.cli.page.host.held import MEND as MEND
from firstfive.cli.page.host.held import UNKNOWN as UNKNOWN
from firstfive.cli.page.host.held import held as held
from firstfive.cli.page.host.held import look as look
from firstfive.cli.page.host.held import plain as plain
from firstfive.cli.page.host.held import worded as worded
