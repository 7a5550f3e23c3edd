"""What the API promises to programs beyond its single routes: a call that is sent twice acts once."""

from __future__ import annotations

from firstfive.web.contract.once import once as once
