"""With a server running, commands are calls of its API: addressed, signed in, and its errors become the same words and exit codes.

The other end is a real HTTP server that answers what it is told to; the program's own server is spoken to in test_serve.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli.door import Ask
from firstfive.errors import Exit


class Far:
    """A server that answers every call with `status` and `body` and keeps what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.body: bytes = b"{}"
        self.asked: list[tuple[str, str, Any, str]] = []
        far = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                far.asked.append(
                    (self.command, self.path, json.loads(text) if text else None, self.headers["Authorization"])
                )
                self.send_response(far.status)
                self.send_header("Content-Length", str(len(far.body)))
                self.end_headers()
                self.wfile.write(far.body)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.port = self.server.server_address[1]


@pytest.fixture
def far(vault: Path) -> Iterator[Far]:
    made = Far()
    running = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    running.start()
    known(vault, port=made.port)
    yield made
    made.server.shutdown()
    running.join()
    made.server.server_close()


def known(vault: Path, *, port: int, pid: int | None = None) -> None:
    (vault / ".firstfive").mkdir(exist_ok=True)
    told = {"host": "127.0.0.1", "port": port, "key": "secret", "pid": pid or os.getpid()}
    (vault / ".firstfive" / "server.json").write_text(json.dumps(told))


def test_a_command_is_one_signed_call(ask: Ask, far: Far) -> None:
    view = {"id": "INC-1", "level": 1, "status": "investigating", "title": "shut", "level_why": "said so"}
    far.body = json.dumps(view).encode()
    said = ask("note", "INC-1", "hello", "--by", "kim")
    assert (said.code, said.err) == (0, "")
    assert said.out == "INC-1  SEV-1  investigating  shut\n  said so\n"
    assert far.asked == [("POST", "/api/v1/incidents/INC-1/note", {"by": "kim", "text": "hello"}, "Bearer secret")]
    assert ask("note", "INC-1", "hello", "--json").json == {"schema": "firstfive/1", **view}


PATHS = [
    (("status", "--all"), "GET", "/api/v1/incidents?all=1"),
    (("declare", "x", "--severity", "2"), "POST", "/api/v1/incidents"),
    (("report", "x"), "POST", "/api/v1/reports"),
    (("resolve", "INC-1"), "POST", "/api/v1/incidents/INC-1/resolve"),
    (("settle", "INC-1", "run", "--ran"), "POST", "/api/v1/incidents/INC-1/settle"),
    (("timeline", "INC-1"), "GET", "/api/v1/incidents/INC-1"),
]


@pytest.mark.parametrize(("words", "method", "path"), PATHS, ids=[words[0] for words, _, _ in PATHS])
def test_where_each_command_calls(ask: Ask, far: Far, words: tuple[str, ...], method: str, path: str) -> None:
    far.status, far.body = 500, b"{}"
    assert ask(*words).code == 1
    assert [(m, p) for m, p, _, _ in far.asked] == [(method, path)]


@pytest.mark.parametrize("code", [code for code in Exit if code not in (Exit.OK, Exit.INTERRUPTED)])
def test_an_error_of_the_server_keeps_its_words_and_its_exit_code(ask: Ask, far: Far, code: Exit) -> None:
    problem = {"what": "no", "where": "page.md:1:1", "remedy": "do this", "code": "FF001", "exit_code": int(code)}
    far.status, far.body = 409, json.dumps(problem).encode()
    said = ask("ack", "INC-1", "--json")
    assert said.code == int(code)
    assert said.err == "error: FF001 no\n  --> page.md:1:1\n  help: do this\n"
    del problem["exit_code"]
    assert said.json == {"schema": "firstfive/1", "error": problem}


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (502, b'{"exit_code": 77}', 1, "error: the server answered 502\n"),
        (502, b'{"exit_code": "x", "detail": "later"}', 1, "error: later\n"),
        (200, b"<html>", 4, "does not answer: "),
        (200, b"[]", 4, "does not answer: "),
    ],
    ids=["an unknown exit code", "no number", "no JSON", "no object"],
)
def test_an_answer_that_makes_no_sense(ask: Ask, far: Far, status: int, body: bytes, code: int, message: str) -> None:
    far.status, far.body = status, body
    said = ask("ack", "INC-1")
    assert said.code == code
    assert message in said.err
    assert "Traceback" not in said.err


def test_a_server_that_is_gone_silent(ask: Ask, vault: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    known(vault, port=port)
    said = ask("ack", "INC-1")
    assert (said.code, said.out) == (4, "")
    assert said.err.startswith(f"error: the server at 127.0.0.1:{port} does not answer: ")
    assert said.err.endswith(
        "help: look at its log; `firstfive serve` starts it again, and commands work without it once it is gone\n"
    )


@pytest.mark.parametrize(
    "text", ["", "{", "{}", "[]", '{"pid": "x"}', '{"pid": 999999999, "port": 1, "host": "h", "key": "k"}']
)
def test_traces_of_a_dead_server_do_not_matter(ask: Ask, vault: Path, text: str) -> None:
    (vault / ".firstfive").mkdir()
    (vault / ".firstfive" / "server.json").write_text(text)
    assert ask("declare", "x").code == 0
