"""The language server, driven the way an editor drives it: a process of its own, JSON-RPC over its standard input and output."""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from cli.door import Ask, argv, environment, page

if importlib.util.find_spec("pygls") is None:
    reason = "pygls is missing: install the extra lsp"
    if os.environ.get("CI") == "true":
        raise RuntimeError(reason)
    warnings.warn(reason, stacklevel=1)
    pytest.skip(reason, allow_module_level=True)

PAGE = """# Incident

## 3.1 Web down

**Symptoms.** `web` shows `Restarting` in `docker ps`.

```bash
# 1. Look
echo "🔌" && docker exec web ps
docker restart \\
  web
#: frobnicate=1
```

## Contacts

| Role | Primary | Backup | Channel |
|------|---------|--------|---------|
| On call | Ada | Bo | DM |
"""
PATIENCE = 30.0
pytestmark = pytest.mark.process


class Editor:
    """One end of the conversation."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process, self.into = process, process.stdin
        self.heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self.kept: list[dict[str, Any]] = []
        self.asked = 0
        self.server: Any = None
        threading.Thread(target=self._listen, args=(process.stdout,), daemon=True).start()

    def _listen(self, out: IO[bytes]) -> None:
        while header := out.readline():
            length = 0
            while header.strip():
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                header = out.readline()
            self.heard.put(json.loads(out.read(length)))

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.into.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.into.flush()

    def tell(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, **params: Any) -> Any:
        self.asked += 1
        number = self.asked
        self._send({"id": number, "method": method, "params": params or None})
        answer = self._next(lambda message: message.get("id") == number and "method" not in message)
        assert "error" not in answer, answer
        return answer["result"]

    def diagnostics(self, uri: str, version: int | None = None) -> list[dict[str, Any]]:
        """The next findings for a page, of a version when one is given."""
        told = self._next(
            lambda message: (
                message.get("method") == "textDocument/publishDiagnostics"
                and message["params"]["uri"] == uri
                and version in (None, message["params"].get("version"))
            )
        )
        found: list[dict[str, Any]] = told["params"]["diagnostics"]
        return found

    def _next(self, wanted: Any) -> dict[str, Any]:
        while True:
            message = next((one for one in self.kept if wanted(one)), None)
            if message is not None:
                self.kept.remove(message)
                return message
            self.kept.append(self.heard.get(timeout=PATIENCE))

    def open(self, path: Path, text: str, version: int = 1) -> str:
        uri = path.as_uri()
        document = {"uri": uri, "languageId": "markdown", "version": version, "text": text}
        self.tell("textDocument/didOpen", textDocument=document)
        return uri

    def change(self, uri: str, text: str, version: int) -> None:
        self.tell(
            "textDocument/didChange", textDocument={"uri": uri, "version": version}, contentChanges=[{"text": text}]
        )

    def hover(self, uri: str, line: int, character: int) -> Any:
        return self.ask(
            "textDocument/hover", textDocument={"uri": uri}, position={"line": line, "character": character}
        )


@contextmanager
def served(folder: Path, encodings: tuple[str, ...] = ()) -> Iterator[Editor]:
    """A server that was greeted, ended whatever happens."""
    process = subprocess.Popen(
        argv("lsp", "--stdio"),
        cwd=folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = Editor(process)
        can = {"general": {"positionEncodings": list(encodings)}} if encodings else {}
        end.server = end.ask("initialize", processId=None, rootUri=folder.as_uri(), capabilities=can)
        end.tell("initialized")
        yield end
    finally:
        process.kill()
        process.wait(10)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """One server for all; every test opens pages of its own."""
    with served(tmp_path_factory.mktemp("editor")) as end:
        yield end


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = page(tmp_path / "v", PAGE)
    (folder / "firstfive.toml").write_text('page = "Incident Response.md"\n')
    return folder / "Incident Response.md"


def codes(found: list[dict[str, Any]]) -> set[str]:
    return {one["code"] for one in found}


def test_the_server_says_what_it_can(editor: Editor) -> None:
    told = editor.server
    assert told["serverInfo"]["name"] == "firstfive"
    assert told["capabilities"]["hoverProvider"]
    assert told["capabilities"]["textDocumentSync"]["openClose"]


def test_opening_a_page_brings_its_findings_with_places(editor: Editor, file: Path) -> None:
    uri = editor.open(file, PAGE)
    found = {one["code"]: one for one in editor.diagnostics(uri)}
    wrong = found["FF041"]
    assert (wrong["severity"], wrong["source"]) == (1, "firstfive")
    assert wrong["message"].startswith('"frobnicate" is no directive\n')
    assert wrong["range"] == {"start": {"line": 11, "character": 3}, "end": {"line": 11, "character": 15}}
    assert found["FF005"]["severity"] == 2


def test_a_change_is_checked_before_it_is_saved(editor: Editor, file: Path) -> None:
    uri = editor.open(file, PAGE)
    assert "FF041" in codes(editor.diagnostics(uri, 1))
    editor.change(uri, PAGE.replace("frobnicate=1", "timeout=1s"), 2)
    assert "FF041" not in codes(editor.diagnostics(uri, 2))
    assert file.read_text() == PAGE


def test_of_many_quick_changes_the_last_one_counts(editor: Editor, file: Path) -> None:
    uri = editor.open(file, PAGE)
    editor.diagnostics(uri, 1)
    for version in range(2, 30):
        editor.change(uri, PAGE + "\n" * version, version)
    editor.change(uri, PAGE.replace("```\n\n## Contacts", "\n## Contacts"), 30)
    assert "FF011" in codes(editor.diagnostics(uri, 30))
    between = [one for one in editor.kept if one.get("params", {}).get("version") in range(2, 30)]
    assert len(between) < 10, "changes in quick succession are checked together, on a busy machine in a few lots"


def test_saving_another_page_brings_its_links_to_life(editor: Editor, file: Path) -> None:
    text = PAGE + "\nSee [[Deploy#Roll back]].\n"
    uri = editor.open(file, text)
    assert "FF030" in codes(editor.diagnostics(uri))
    other = file.with_name("Deploy.md")
    other.write_text("# Deploy\n\n## Roll back\n\nText.\n")
    editor.tell("textDocument/didSave", textDocument={"uri": other.as_uri()})
    assert "FF030" not in codes(editor.diagnostics(uri))


@pytest.mark.parametrize(
    ("line", "character", "verdict", "reason"),
    [
        pytest.param(8, 15, "**read-only**", "a command behind a letter of two units"),
        pytest.param(8, 0, "**read-only**", "the first of two commands"),
        pytest.param(9, 3, "**changing**", "a command that changes something"),
        pytest.param(10, 3, "**changing**", "its second line"),
    ],
    ids=str,
)
def test_hovering_over_a_command_tells_its_verdict(
    editor: Editor, file: Path, line: int, character: int, verdict: str, reason: str
) -> None:
    uri = editor.open(file, PAGE)
    told = editor.hover(uri, line, character)["contents"]
    assert told["kind"] == "markdown"
    assert told["value"].startswith(verdict), reason
    assert "3.1 Web down, step 1: waits for approval" in told["value"]


@pytest.mark.parametrize(
    ("line", "character"),
    [(0, 3), (7, 2), (11, 5), (99, 0)],
    ids=["a heading", "a comment", "a directive", "behind the end"],
)
def test_hovering_elsewhere_tells_nothing(editor: Editor, file: Path, line: int, character: int) -> None:
    assert editor.hover(editor.open(file, PAGE), line, character) is None


def test_text_that_no_file_can_hold_is_read_all_the_same(editor: Editor, file: Path) -> None:
    assert "FF041" in codes(editor.diagnostics(editor.open(file, PAGE + "half a letter: \ud83d\n")))


def test_a_page_that_does_not_compile_says_why_at_its_place(editor: Editor, file: Path) -> None:
    uri = editor.open(file, "nothing here\n")
    (one,) = editor.diagnostics(uri)
    assert (one["code"], one["severity"]) == ("FF001", 1)
    assert editor.hover(uri, 0, 0) is None


def test_broken_settings_are_said_on_the_page(editor: Editor, file: Path) -> None:
    file.with_name("firstfive.toml").write_text("pge = 3\n")
    (one,) = editor.diagnostics(editor.open(file, PAGE))
    assert one["message"].startswith(f"there is no setting pge ({file.with_name('firstfive.toml')})\n")


def test_a_note_that_is_no_incident_page_is_left_in_peace(editor: Editor, tmp_path: Path) -> None:
    note = tmp_path / "notes.md"
    assert editor.diagnostics(editor.open(note, "# Notes\n\nSee [[Nowhere]].\n\n```bash\nls\n```\n")) == []


def test_an_incident_page_without_settings_is_read_alone(editor: Editor, tmp_path: Path) -> None:
    found = codes(editor.diagnostics(editor.open(tmp_path / "alone.md", PAGE + "\nSee [[Nowhere]].\n")))
    assert "FF041" in found
    assert "FF030" not in found


def test_closing_a_page_takes_its_findings_away(editor: Editor, file: Path) -> None:
    uri = editor.open(file, PAGE)
    assert editor.diagnostics(uri)
    editor.tell("textDocument/didClose", textDocument={"uri": uri})
    assert editor.diagnostics(uri) == []


@pytest.mark.parametrize(("encoding", "character"), [("utf-8", 8), ("utf-16", 6), ("utf-32", 5)])
def test_columns_are_counted_as_the_editor_counts(file: Path, encoding: str, character: int) -> None:
    text = PAGE.replace("## Contacts", "ab 🔌 [[Nowhere]]\n\n## Contacts")
    with served(file.parent, (encoding,)) as editor:
        assert editor.server["capabilities"]["positionEncoding"] == encoding
        uri = editor.open(file, text)
        (one,) = [one for one in editor.diagnostics(uri) if one["code"] == "FF030"]
        assert one["range"]["start"]["character"] == character


def test_the_end_is_orderly(tmp_path: Path) -> None:
    with served(tmp_path) as editor:
        assert editor.ask("shutdown") is None
        editor.tell("exit")
        assert editor.process.wait(20) == 0


def test_without_the_extra_the_remedy_is_named(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygls", None)
    monkeypatch.setattr("firstfive.cli.page.lsp.find_spec", lambda name: None)
    said = ask("lsp")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "error: the language server needs the package pygls, which is not installed\n"
        "  help: pip install 'firstfive[lsp]'\n"
    )
