"""`pytest tests/live --live` asks the services themselves, with own tokens out of the environment. Without --live nothing is sent."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--live", action="store_true", help="send real messages to the services that LIVE_... variables name"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--live", default=False):
        return
    for item in items:
        if "tests/live/" in item.path.as_posix():
            item.add_marker(pytest.mark.skip(reason="sends real messages: pytest tests/live --live"))
