"""How the API answers: JSON, and for a part of a list the address of the part that follows.

Used by every module that answers calls. Knows no list: it goes by the `next` of the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response


def as_json(request: Request, told: Mapping[str, Any], *, status: int = 200, onward: str = "cursor") -> Response:
    """The answer; a `next` that is a word stands in a Link header too, as the field `onward` of this address."""
    more = told.get("next")
    headers = {}
    if isinstance(more, str):
        asked = {name: value for name, value in request.query_params.items() if value}
        headers["Link"] = f'<{request.url.path}?{urlencode({**asked, onward: more})}>; rel="next"'
    return Response(msgspec.json.encode(told), status_code=status, media_type="application/json", headers=headers)
