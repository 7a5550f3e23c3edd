"""Firstfive from elsewhere: a typed client, and what travels between a server and whoever asks it.

    from firstfive.client import Client
    ops = Client("https://ops.example.org", token="fft_...")

Stands low in the house, so that the server's document and the client are made of the same values. Knows no rule and no room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firstfive.client.asking import Client as Client
    from firstfive.client.line import ApiError as ApiError
    from firstfive.client.line import Unreachable as Unreachable

_WHERE = {"Client": "asking", "ApiError": "line", "Unreachable": "line"}


def __getattr__(name: str) -> Any:
    """Load what is named when it is asked for, since the command line needs the line alone and has little time."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
