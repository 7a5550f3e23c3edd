"""History, search and metrics, as pages and as data.

Its routes are joined by `app`. Reads the index in a thread of its own; writes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstfive.documents import metrics
from firstfive.documents.metrics import DEFINITIONS, MetricRow
from firstfive.errors import Refused
from firstfive.web import asked, paper
from firstfive.web.contract.answering import as_json
from firstfive.web.room import everywhere

AT = "/api/v1"
MOST = 200
GROUPS = ("severity", "runbook", "month")
T = TypeVar("T")
Answer = dict[str, Any]


class Past(Protocol):
    """What is known of everything that ever happened; `app.history.Archive`. Each call may take a while, and raises FirstfiveError."""

    def listed(self, query: Mapping[str, str]) -> Answer:
        """`incidents`, newest first, and `next` to go on from (`before` is the same)."""
        ...

    def found(self, query: Mapping[str, str]) -> Answer:
        """`hits` that hold every word of `q`, and `next` to go on from."""
        ...

    def rows(self) -> list[MetricRow]:
        """The numbers of every incident."""
        ...


def routes(past: Past) -> list[Route]:
    """Every route about the past."""
    return [
        Route("/history", _page(past)),
        Route("/figures", _figures(past)),
        Route(f"{AT}/history", _data(past.listed)),
        Route(f"{AT}/search", _data(past.found)),
        Route(f"{AT}/metrics", _numbers(past)),
    ]


async def _within(work: Callable[..., T], *given: Any) -> T:
    return await asyncio.to_thread(work, *given)


def _data(ask: Callable[[Mapping[str, str]], Answer]) -> Callable[[Request], Any]:
    async def answered(request: Request) -> Response:
        return as_json(request, await _within(ask, dict(request.query_params)))

    return answered


def _page(past: Past) -> Callable[[Request], Any]:
    async def history(request: Request) -> Response:
        """Every incident, newest first; with words to look for, where they stand."""
        query = {name: value for name, value in request.query_params.items() if value}
        values: Answer = {**everywhere(request, None), "query": query, "hits": None, "listed": None, "runbooks": ()}
        status = 200
        try:
            if query.get("q"):
                values["hits"] = (await _within(past.found, query))["hits"]
            else:
                values["listed"] = await _within(past.listed, query)
        except Refused as refused:
            values["refused"], status = refused, 422
        return paper.page("pages/history.html", values, status=status)

    return history


def _by(request: Request) -> str:
    by = request.query_params.get("by", "severity")
    if by not in GROUPS:
        raise asked.wrong(f"incidents are not grouped by {by!r}", f"one of: {', '.join(GROUPS)}")
    return by


def _figures(past: Past) -> Callable[[Request], Any]:
    async def figures(request: Request) -> Response:
        """How long incidents took, each number with its definition, every value as a dot."""
        by = _by(request)
        groups = metrics.summarise(await _within(past.rows), by=by)
        told = metrics.as_json(groups, by=by)
        charts = {key: metrics.dot_plot(groups, span_key=key, chart_id=f"chart-{key}") for key in DEFINITIONS if groups}
        values = {**everywhere(request, None), "told": told, "charts": charts, "groups": GROUPS, "span": _span}
        return paper.page("pages/figures.html", values)

    return figures


def _span(seconds: float | None) -> str:
    return paper.span(seconds) or "—"


def _numbers(past: Past) -> Callable[[Request], Any]:
    async def numbers(request: Request) -> Response:
        """The same figures as data; ?format=csv for one incident a line."""
        rows = await _within(past.rows)
        if request.query_params.get("format") == "csv":
            return Response(metrics.as_csv(rows), media_type="text/csv; charset=utf-8")
        by = _by(request)
        return as_json(request, metrics.as_json(metrics.summarise(rows, by=by), by=by))

    return numbers
