"""The language server protocol around `editor`: findings after every change, a verdict under the cursor.

Called by `lsp`, and the only module that knows pygls. Writes nothing and runs nothing of the page.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from firstfive import __version__
from firstfive.cli.page.editor import Pointed, Reading, command_at, read
from firstfive.handbook.model import Level, Problem

PAUSE = 0.2
"""Seconds without a further change before a page is read again."""

_LEVELS = {
    Level.ERROR: types.DiagnosticSeverity.Error,
    Level.WARNING: types.DiagnosticSeverity.Warning,
    Level.INFO: types.DiagnosticSeverity.Information,
}
_UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


@dataclass(slots=True, kw_only=True)
class Desk:
    """The open pages as they were last read: URI to (version, reading). One page is read at a time."""

    server: LanguageServer
    known: dict[str, tuple[int | None, Reading]] = field(default_factory=dict)
    one: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def encoding(self) -> tuple[str, int]:
        """How the editor counts columns: the codec, and the bytes of one unit in it."""
        agreed = self.server.workspace.position_encoding
        return _UNITS[agreed.value if isinstance(agreed, types.PositionEncodingKind) else agreed or "utf-16"]

    async def reading(self, uri: str) -> Reading | None:
        """The page as it stands in the editor; None when it is no file or no Markdown."""
        document = self.server.workspace.get_text_document(uri)
        path = uris.to_fs_path(uri)
        if path is None or not path.lower().endswith(".md"):
            return None
        async with self.one:
            known = self.known.get(uri)
            if known is None or known[0] != document.version or document.version is None:
                known = (document.version, await asyncio.to_thread(read, Path(path), document.source))
                self.known[uri] = known
        return known[1]

    async def publish(self, uri: str) -> None:
        """Tell the editor what was found on a page."""
        reading = await self.reading(uri)
        document = self.server.workspace.get_text_document(uri)
        if reading is not None:
            found = [self.diagnostic(document, problem) for problem in reading.problems]
            told = types.PublishDiagnosticsParams(uri=uri, version=document.version, diagnostics=found)
            self.server.text_document_publish_diagnostics(told)

    def diagnostic(self, document: TextDocument, problem: Problem) -> types.Diagnostic:
        """A finding from its place to the end of that line."""
        line = problem.place.line - 1
        text = line_of(document, line)
        start = self.units(text.encode()[: problem.place.column - 1].decode(errors="replace"))
        end = max(start, self.units(text))
        return types.Diagnostic(
            range=types.Range(
                start=types.Position(line=line, character=start), end=types.Position(line=line, character=end)
            ),
            message=f"{problem.message}\n{problem.help}" if problem.help else problem.message,
            severity=_LEVELS[problem.level],
            code=problem.code or None,
            source="firstfive",
        )

    def units(self, text: str) -> int:
        """The length of a text as the editor counts."""
        name, size = self.encoding
        return len(text.encode(name, errors="replace")) // size

    def byte_column(self, text: str, character: int) -> int:
        """The 1-based byte column of the editor's position in a line."""
        name, size = self.encoding
        before = text.encode(name, errors="replace")[: character * size].decode(name, errors="ignore")
        return len(before.encode()) + 1


def line_of(document: TextDocument, line: int) -> str:
    """A 0-based line without its end; empty past the end. Lines end where the protocol and the page say so, nowhere else."""
    lines = document.source.encode(errors="replace").splitlines()
    return lines[line].decode() if line < len(lines) else ""


def made() -> LanguageServer:
    """The server with everything that it answers."""
    server = LanguageServer("firstfive", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
    desk = Desk(server=server)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: types.DidOpenTextDocumentParams) -> None:
        await desk.publish(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: types.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        await asyncio.sleep(PAUSE)
        if server.workspace.get_text_document(uri).version == params.text_document.version:
            await desk.publish(uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def saved(params: types.DidSaveTextDocumentParams) -> None:
        for uri in list(desk.known):
            desk.known.pop(uri, None)
            await desk.publish(uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        desk.known.pop(uri, None)
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, diagnostics=[]))

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hovered(params: types.HoverParams) -> types.Hover | None:
        uri, position = params.text_document.uri, params.position
        reading = await desk.reading(uri)
        if reading is None:
            return None
        line = line_of(server.workspace.get_text_document(uri), position.line)
        column = desk.byte_column(line, position.character)
        pointed = command_at(reading, position.line + 1, column)
        return types.Hover(contents=_worded(pointed)) if pointed is not None else None

    return server


def _worded(pointed: Pointed) -> types.MarkupContent:
    command = pointed.command
    lines = [f"**{command.verdict}**: {command.reason}", "", f"{pointed.owner}: {pointed.who}"]
    if command.tags:
        lines += ["", f"mind: {', '.join(sorted(command.tags))}"]
    return types.MarkupContent(kind=types.MarkupKind.Markdown, value="\n".join(lines))


def serve() -> None:
    """Serve the editor at the other end of standard input until it says good-bye."""
    with open(
        os.dup(sys.stdout.fileno()), "wb"
    ) as out:  # the server closes what it writes to, and standard output stays ours
        made().start_io(stdout=out)
