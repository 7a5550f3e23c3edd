"""Calls whose answers are values: read, act, and walk through a list part by part. Used by `Client` and its areas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from firstfive.client.line import Line, query

Shape = TypeVar("Shape")
Row = TypeVar("Row")


class Part(Protocol):
    """An answer that has a part behind it."""

    @property
    def next(self) -> str | None:
        """The cursor of that part."""
        ...


Parted = TypeVar("Parted", bound=Part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A line, and the person in whose name is acted; empty where the token says it."""

    line: Line
    by: str = ""

    def get(self, shape: type[Shape], path: str, **asked: Any) -> Shape:
        """One answer. Raises ApiError, and Unreachable for one that makes no sense."""
        return self._read(shape, self.line.ask("GET", query(path, asked)))

    def post(self, shape: type[Shape], path: str, *, once: str = "", **fields: Any) -> Shape:
        """Act once, however often it has to be sent; `once` is the idempotency key, made up when it is empty.

        A field that is None is left out.
        """
        body = {name: value for name, value in fields.items() if value is not None}
        if self.by:
            body.setdefault("by", self.by)
        return self._read(shape, self.line.ask("POST", path, body, key=once))

    def rows(
        self,
        shape: type[Parted],
        path: str,
        rows: Callable[[Parted], Sequence[Row]],
        *,
        cursor: str = "cursor",
        **asked: Any,
    ) -> Iterator[Row]:
        """Every row of a list, asked for part by part as it is walked."""
        while True:
            part = self.get(shape, path, **asked)
            yield from rows(part)
            if part.next is None:
                return
            asked[cursor] = part.next

    def _read(self, shape: type[Shape], answer: bytes) -> Shape:
        try:
            return msgspec.json.decode(answer, type=shape)
        except msgspec.MsgspecError as problem:
            raise self.line.silent(f"its answer makes no sense: {problem}") from None


def at(name: str) -> str:
    """A name as a part of a path."""
    return quote(name, safe="")
