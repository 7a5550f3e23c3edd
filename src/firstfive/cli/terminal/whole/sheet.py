"""A sheet over the room: something to read, and below it what has to be typed, one question after the other.

Opened by `screen`. An approval is only taken once the last line of what would run has been on the screen; Escape leaves and says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from firstfive.cli.terminal.acts import Question, answered
from firstfive.cli.terminal.lines import Line
from firstfive.cli.terminal.whole.looks import dressed, page
from firstfive.errors import FirstfiveError

Typed = tuple[str, ...]
WIDEST = 120
UNREAD = "there is more: read it to the end first (PgDn)"


class Sheet(ModalScreen[Typed | None]):
    """Answers with what was typed, or with None. `lines` is asked again whenever something is new; `careful` wants it read to the end."""

    CSS = """
    Sheet { align: center middle; background: ansi_default; }
    #sheet { width: 100%; max-width: 120; height: 100%; background: ansi_default; border: round ansi_blue; padding: 0 1; }
    #words { height: 1fr; background: ansi_default; scrollbar-size-vertical: 1; }
    #ask, #answer { height: auto; }
    #typed { background: ansi_default; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close"),
        Binding("q", "leave", "Close"),  # a line that is typed on takes the letter before
        Binding("up", "scroll('up')", show=False),
        Binding("down", "scroll('down')", show=False),
        Binding("pageup", "scroll('page_up')", show=False),
        Binding("pagedown", "scroll('page_down')", show=False),
    ]

    def __init__(
        self,
        title: str,
        lines: Callable[[], Sequence[Line]],
        questions: tuple[Question, ...] = (),
        *,
        careful: bool = False,
    ) -> None:
        super().__init__()
        self._title, self._lines, self._questions, self._careful = title, lines, questions, careful
        self._typed: Typed = ()
        self._shown = False

    def compose(self) -> ComposeResult:
        """A title, the words, and a line to type in where something is asked."""
        with Vertical(id="sheet") as box:
            box.border_title = dressed([("strong", self._title)])
            box.border_subtitle = "Esc leaves" if self._questions else "Esc or q leaves"
            with VerticalScroll(id="words", can_focus=not self._questions):
                yield Static(page(self._lines(), min(self.app.size.width, WIDEST) - 5), id="text")
            if self._questions:
                yield Static(id="ask")
                yield Input(id="typed", compact=True)
            yield Static(id="answer")

    def on_mount(self) -> None:
        """The first question."""
        self._ask()
        self._tell("")
        self.call_after_refresh(self._seen)
        self.query_one("#typed" if self._questions else "#words").focus()

    def renew(self) -> None:
        """Something is new: show the words as they are now, and stay at the end where one was there."""
        if self._questions:
            return  # what is asked about stays exactly as it was shown
        words = self.query_one("#words", VerticalScroll)
        ended = self._at_end()
        self._draw()
        if ended and words.max_scroll_y:
            words.scroll_end(animate=False)

    def on_resize(self) -> None:
        """The same words in another width."""
        self.call_after_refresh(self._draw)

    def _seen(self) -> None:
        self._shown = True

    def _draw(self) -> None:
        width = self.query_one("#words").scrollable_content_region.width
        self.query_one("#text", Static).update(page(self._lines(), width))

    def _ask(self) -> None:
        if self._questions:
            question = self._questions[len(self._typed)]
            self.query_one("#ask", Static).update(
                dressed([("change" if question.wants else "strong", question.text + ":")])
            )

    def on_input_submitted(self, submitted: Input.Submitted) -> None:
        """One answer; the next question, or the end."""
        if not self._shown:
            return  # nothing is taken before the words are on the screen
        if self._careful and not self._at_end():
            submitted.input.clear()
            self._tell(UNREAD)
            return
        question = self._questions[len(self._typed)]
        try:
            answered(question, submitted.value)
        except FirstfiveError as problem:
            submitted.input.clear()
            self._tell(problem.what)
            return
        self._typed = (*self._typed, submitted.value)
        submitted.input.clear()
        self._tell("")
        if len(self._typed) == len(self._questions):
            self.dismiss(self._typed)
        else:
            self._ask()

    def _tell(self, text: str) -> None:
        told = self.query_one("#answer", Static)
        told.update(dressed([("bad", text)]))
        told.display = bool(text)

    def _at_end(self) -> bool:
        words = self.query_one("#words", VerticalScroll)
        return words.scroll_offset.y >= words.max_scroll_y

    def action_scroll(self, where: str) -> None:
        """Move the words while the line below keeps what was typed."""
        words = self.query_one("#words", VerticalScroll)
        move = {
            "up": words.scroll_up,
            "down": words.scroll_down,
            "page_up": words.scroll_page_up,
            "page_down": words.scroll_page_down,
        }[where]
        move(animate=False)

    def action_leave(self) -> None:
        """Close it; nothing is said."""
        self.dismiss(None)
