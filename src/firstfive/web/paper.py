"""Pages from templates and the files beside them: Jinja2 with every value escaped and every missing name an error.

Used by everything that shows a page. Reads its files once; knows no incident.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from firstfive.web.pages.remedies import in_the_room

HERE = Path(__file__).resolve().parent
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".txt": "text/plain"}
YEAR = 365 * 24 * 3600
WORKER = "worker.js"


def span(seconds: float | None) -> str:
    """A span as a clock shows it: "4:07", "1:02:33"; empty for None. Its sign is left to the words around it."""
    if seconds is None:
        return ""
    whole = int(abs(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def clock(at: str | None) -> str:
    """The time of day in an ISO instant: "05:41:07"; empty for None."""
    return at[11:19] if at else ""


def day(at: str | None) -> str:
    """Day and minute of an ISO instant: "2026-11-23 05:41"; empty for None."""
    return f"{at[:10]} {at[11:16]}" if at else ""


def brief(milliseconds: float | None) -> str:
    """How long a run took: "87 ms", "2.4 s"; empty for None."""
    if milliseconds is None:
        return ""
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def sentence(words: str) -> str:
    """The words with a capital first letter and nothing else changed."""
    return words[:1].upper() + words[1:]


def static_url(name: str) -> str:
    """The address of a static file, which changes when its bytes do."""
    return f"/static/{name}?v={static_files()[name].digest[:12]}"


@cache
def _pages() -> Environment:
    pages = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    pages.filters.update(
        span=span, clock=clock, day=day, brief=brief, capitalize_first=sentence, in_the_room=in_the_room
    )
    pages.globals.update(static=static_url)
    return pages


def text(template: str, values: Mapping[str, object]) -> str:
    """A template filled in. A name the template uses and `values` lacks is an error, never an empty place."""
    return _pages().get_template(template).render(values)


def page(template: str, values: Mapping[str, object], *, status: int = 200) -> Response:
    """A template filled in, as an answer."""
    return HTMLResponse(text(template, values), status_code=status)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file that is served as it is, with its bytes compressed once and the SHA-256 of the plain ones in hex."""

    plain: bytes
    packed: bytes
    digest: str
    media: str


@cache
def static_files() -> Mapping[str, File]:
    """Every file under static/, by name."""
    return {path.name: _file(path) for path in sorted((HERE / "static").iterdir()) if path.suffix in TYPES}


def _file(path: Path) -> File:
    plain = path.read_bytes()
    return File(
        plain=plain,
        packed=gzip.compress(plain, 9, mtime=0),
        digest=hashlib.sha256(plain).hexdigest(),
        media=TYPES[path.suffix],
    )


async def static(request: Request) -> Response:
    """One static file; kept for a year under the address that names its digest."""
    file = static_files().get(request.path_params["name"])
    if file is None:
        raise HTTPException(404)
    tag = f'"{file.digest[:32]}"'
    pinned = request.query_params.get("v") == file.digest[:12]
    headers = {
        "ETag": tag,
        "Vary": "Accept-Encoding",
        "Cache-Control": f"public, max-age={YEAR}, immutable" if pinned else "no-cache",
    }
    if request.path_params["name"] == WORKER:
        headers["Service-Worker-Allowed"] = "/"  # it stands for every page, not only for what lies beside it
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, media_type=file.media, headers={**headers, "Content-Encoding": "gzip"})
    return Response(file.plain, media_type=file.media, headers=headers)
