"""The original incident page, read from where it lies beside the repository; its text is never copied into the tests."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest

NAME = "Incident Response.md"


def original_path() -> Path:
    """Where the page should be: `FIRSTFIVE_PAGE`, else beside the repository."""
    given = os.environ.get("FIRSTFIVE_PAGE")
    return Path(given) if given else Path(__file__).resolve().parent.parent.parent / "shared" / "incident-response.md"


def original_page() -> bytes:
    """The page's bytes. Without the page the test is skipped with a loud reason, and fails where `CI` is `true`."""
    path = original_path()
    if path.is_file():
        return path.read_bytes()
    reason = "the original page is missing: set FIRSTFIVE_PAGE to its path"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(reason, stacklevel=2)
    pytest.skip(reason)
