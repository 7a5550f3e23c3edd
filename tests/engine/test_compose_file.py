"""One image line of a Compose file changes, and nothing else."""

from __future__ import annotations

import pytest

from firstfive.engine.rollback.compose_file import Edit, NoEdit, edit

WHOLE = """\
# our shop
services:
  nickapp-backend:   # the one
    image: registry.example/nickapp-backend:latest  # bumped by the updater
    env_file: .env
    depends_on: [redis]
  redis:
    image: "redis:latest"
  worker:
    <<: &shared {restart: always}
    image: registry.example/nickapp-backend:latest
"""

PINNED = "registry.example/nickapp-backend:1.4.1"


def made(text: str, service: str = "nickapp-backend", image: str = PINNED) -> Edit:
    found = edit("/opt/shop/docker-compose.yml", text, service, image, "0" * 64)
    assert isinstance(found, Edit), found
    return found


def applied(text: str, change: Edit) -> str:
    lines = text.split("\n")
    lines[change.number - 1] = change.line
    return "\n".join(lines)


def test_only_the_service_s_own_line_changes_and_its_comment_stays() -> None:
    change = made(WHOLE)
    assert change.number == 4
    assert change.line == f"    image: {PINNED}  # bumped by the updater"
    after = applied(WHOLE, change)
    assert after.replace(change.line, WHOLE.split("\n")[3]) == WHOLE
    assert change.diff.splitlines()[3:] == [
        "   nickapp-backend:   # the one",
        "-    image: registry.example/nickapp-backend:latest  # bumped by the updater",
        f"+    image: {PINNED}  # bumped by the updater",
        "     env_file: .env",
    ]


def test_quotes_and_line_ends_stay_as_they_are() -> None:
    assert made(WHOLE, "redis", "redis:7.0").line == '    image: "redis:7.0"'
    assert made(WHOLE.replace("\n", "\r\n")).line.endswith("updater\r")


def test_a_variable_in_the_tag_becomes_the_pinned_name() -> None:
    text = "services:\n  web:\n    image: web:${TAG:-latest}\n"
    assert made(text, "web", "web:1").line == "    image: web:1"


NOT_EDITED = [
    ("services:\n  web: [\n", "web", "is no YAML", "a broken file"),
    ("services:\n  db:\n    image: x\n", "web", "has no service web", "another file's service"),
    ("services:\n  web:\n    build: .\n", "web", "names no image", "a service that is built"),
    (
        "x: &b\n  image: web:latest\nservices:\n  web:\n    <<: *b\n    restart: always\n",
        "web",
        "comes from a shared part",
        "an image that a merge brings",
    ),
    (
        "services:\n  web: &w\n    image: web:latest\n  worker:\n    <<: *w\n",
        "web",
        "is shared by others",
        "a service that others copy",
    ),
    ("services:\n  web: {image: web:latest}\n", "web", "cannot be edited as one line", "all on one line"),
    ("services:\n  web:\n    image: >-\n      web:latest\n", "web", "cannot be edited as one line", "a folded text"),
    ("[]", "web", "has no service web", "a list"),
    ("", "web", "has no service web", "nothing"),
]


@pytest.mark.parametrize(("text", "service", "why", "because"), NOT_EDITED, ids=[n[3] for n in NOT_EDITED])
def test_what_would_touch_more_than_one_line_is_not_edited(text, service, why, because) -> None:
    found = edit("docker-compose.yml", text, service, "web:1", "")
    assert isinstance(found, NoEdit), because
    assert why in found.why
