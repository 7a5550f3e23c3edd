"""The whole screen: severity and clocks, the next thing to do, everything that is known, and the timeline as it grows.

Called by `room` where the extra is installed. Every key ends in the same call of the API as the command of that name; what changes
something is shown byte by byte and takes a typed word. Whatever happens, the terminal is given back as it was.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from time import monotonic
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.events import Resize
from textual.widgets import OptionList, Static

from firstfive.cli.hands.steps import waiting
from firstfive.cli.terminal import acts, aside
from firstfive.cli.terminal.acts import Act, Question
from firstfive.cli.terminal.chosen import CHOICES, wanted
from firstfive.cli.terminal.following import Following, Link, Spoken
from firstfive.cli.terminal.items import items, page_of
from firstfive.cli.terminal.lines import Line, Piece, View, entry, head, plain
from firstfive.cli.terminal.reach import Reach
from firstfive.cli.terminal.whole.keys import BOUND, HINTS, KEYS, LAYOUT, LOW, MORE, NARROW, SAID, WIDE
from firstfive.cli.terminal.whole.looks import dressed, packed, page, refill, width_of
from firstfive.cli.terminal.whole.sheet import Sheet
from firstfive.documents.plain import line
from firstfive.errors import Exit, FirstfiveError, Refused

SHOWN = 300  # entries of the timeline that are on the screen; a filter looks at all of them
QUIET = 20  # seconds without a sign of life after which it is said


class Whole(App[int]):
    """One incident on the whole screen. Ends with the exit code."""

    ENABLE_COMMAND_PALETTE = False
    CSS = LAYOUT
    BINDINGS: ClassVar[list[BindingType]] = BOUND

    def __init__(self, reach: Reach, incident: str, seen: View) -> None:
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.reach, self.incident, self.seen = reach, incident, seen
        self.made_at = monotonic()
        self.following = Following(reach=reach, incident=incident, had=int(seen["seq"]))
        self.said: dict[str, str] = {}
        self.linked = Link(state="")
        self.chosen = CHOICES[0]
        self.broken: BaseException | None = None
        self._stale = self._loading = self._saying = self._doubted = False
        self._widths = (0, 0)

    def compose(self) -> ComposeResult:
        """From the top: head, what is wrong with the line, the next thing, work, timeline, what was answered, keys."""
        yield Static(id="head")
        yield Static(id="link")
        yield Static(id="next")
        with Container(id="body"):
            yield OptionList(id="work", classes="list", markup=False)
            yield Static(id="bar")
            yield OptionList(id="line", classes="list", markup=False)
        yield Static(id="told")
        yield Static(id="keys")

    def on_mount(self) -> None:
        """Show what is known, and listen."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit, 128 + number)
        self._list("#work").focus()
        self.tell("")
        self.paint()
        self._list("#line").scroll_end(animate=False)
        self.following.start()
        self.set_interval(0.2, self.hear)
        self.set_interval(1, self.tick)

    def on_unmount(self) -> None:
        """Listen no more."""
        self.following.stop()

    def on_resize(self, size: Resize) -> None:
        """Side by side where there is room."""
        self.screen_stack[0].set_class(size.size.width >= WIDE, "wide")
        self.screen_stack[0].set_class(size.size.height < LOW, "low")
        self.set_timer(0.1, self.paint)

    def on_descendant_focus(self) -> None:
        """Whichever list is walked on gets most of the room."""
        self.screen_stack[0].set_class(self._list("#line").has_focus, "late")
        self.call_after_refresh(self.paint)

    def on_option_list_option_highlighted(self, moved: OptionList.OptionHighlighted) -> None:
        """The bar goes where the cursor goes."""
        if self._there():
            self.paint_work() if moved.option_list.id == "work" else self.paint_line()

    def _fatal_error(self) -> None:
        """Keep the fault for one sentence after the terminal is given back; nothing of our inside is printed."""
        self.broken = sys.exc_info()[1]
        self._close_messages_no_wait()

    # -------------------------------------------------------------------------------------------------------- hearing

    def hear(self) -> None:
        """Take what the listener has."""
        for one in self.following.take():
            match one:
                case Link():
                    self.linked, self._stale = one, True
                case Spoken(run=run, text=text):
                    self.said[run] = text
                    self.paint()
                case _:
                    self._stale = True
        if self._stale and not self._loading:
            self._stale, self._loading = False, True
            self.run_worker(self._load())

    async def _load(self) -> None:
        try:
            seen, _ = await asyncio.to_thread(self.reach.seen, self.incident)
            self.take(seen)
        except FirstfiveError as problem:
            self.tell(problem)
        finally:
            self._loading = False

    def take(self, seen: View) -> None:
        """The incident as it stands now. An answer that is older than what is shown came late, unless it comes once more."""
        if seen["seq"] < self.seen["seq"] and not self._doubted:
            self._stale = self._doubted = True
            return
        self.seen, self.made_at, self._doubted = seen, monotonic(), False
        self.paint()

    # ------------------------------------------------------------------------------------------------------- painting

    def paint(self) -> None:
        """Everything anew, where it changed."""
        if not self._there():
            return
        self.paint_clocks()
        self.paint_work()
        self.paint_line()
        if isinstance(self.screen, Sheet):
            self.screen.renew()

    def paint_work(self) -> None:
        """What is known besides the timeline."""
        shown = self._list("#work")
        width = width_of(shown)
        refill(shown, [(one.id, page(one.lines, width), one.heading) for one in items(self.seen, self.said)])

    def paint_line(self) -> None:
        """The timeline as it is filtered; whoever stands at its end stays there."""
        rows = [r for r in self.seen["timeline"] if wanted(self.chosen, r["kind"], r["by"], r["text"])]
        shown = self._list("#line")
        ended = shown.scroll_offset.y >= shown.max_scroll_y
        last = shown.highlighted is None or shown.highlighted == shown.option_count - 1
        width = width_of(shown)
        refill(shown, [(f"entry:{row['seq']}", page([entry(row)], width), False) for row in rows[-SHOWN:]])
        if ended and last:
            shown.highlighted = shown.option_count - 1 if shown.highlighted is not None else None
            self.call_after_refresh(shown.scroll_end, animate=False)
        earlier = f", {len(rows) - SHOWN} earlier ones not shown" if len(rows) > SHOWN else ""
        title: Line = (("heading", "Timeline"), ("soft", f" UTC  {self.chosen} ({len(rows)}{earlier})  f / filter"))
        self._static("#bar").update(dressed(title))

    def _there(self) -> bool:
        """Whether there is still a screen to paint on: an answer may come while everything is put away."""
        return bool(self.screen_stack) and bool(self.screen_stack[0].query("#keys"))

    def _list(self, name: str) -> OptionList:
        return self.screen_stack[0].query_one(name, OptionList)

    def _static(self, name: str) -> Static:
        return self.screen_stack[0].query_one(name, Static)

    def tick(self) -> None:
        """Clocks go on; lists are laid out anew once they know that they are wider or narrower."""
        if not self._there():
            return
        widths = (width_of(self._list("#work")), width_of(self._list("#line")))
        if widths != self._widths:
            self._widths = widths
            self.paint()
        else:
            self.paint_clocks()

    def paint_clocks(self) -> None:
        """What changes by itself: clocks, the sign of life, hints that have to fit."""
        width = max(20, self.size.width - 4)
        parts = [*head(self.seen, monotonic() - self.made_at), *self._heard()]
        title = page([plain(self.seen["title"], "strong")], width)
        self._static("#head").update(Content("\n").join([packed(parts, width), title]))
        link = self._static("#link")
        link.update(dressed([("bad", _link_words(self.linked))]))
        link.display = self.linked.state in ("journal", "lost")
        hint = HINTS.get(self.seen["next"]["kind"], "")
        words: Line = (("soft", "Next: "), ("strong", line(str(self.seen["next"]["text"]))))
        self._static("#next").update(page([words, *([plain(hint, "key")] if hint else [])], width))
        keys = [*(KEYS if width > NARROW else KEYS[:4]), ("q", "quit"), ("?", "more")]
        self._static("#keys").update(packed([("key", f"{key} {what}") for key, what in keys], width))

    def _heard(self) -> Iterator[Piece]:
        quiet = monotonic() - self.following.heard_at
        if quiet > QUIET:
            yield ("bad", f"last heard {quiet:.0f} s ago")

    def tell(self, told: FirstfiveError | str) -> None:
        """What came of it, below; it stays until the next thing is said."""
        if not self._there():
            return
        if isinstance(told, FirstfiveError):
            rows: list[Line] = [plain(told.what, "bad")]
            rows += [plain(f"help: {told.remedy}", "soft")] if told.remedy else []
        else:
            rows = [plain(told, "good")] if told else []
        below = self._static("#told")
        below.update(page(rows, max(20, self.size.width - 4)))
        below.display = bool(rows)

    # --------------------------------------------------------------------------------------------------------- saying

    def action_say(self, verb: str) -> None:
        """One of the verbs that need nothing chosen."""
        made: dict[str, Callable[[], Act]] = {
            "ack": acts.ack,
            "note": acts.note,
            "update": lambda: acts.update(self.seen),
            "hypothesis": lambda: acts.hypothesis(self.seen),
            "severity": lambda: acts.severity(self.seen),
            "resolve": acts.resolve,
            "undo": lambda: acts.undo(self.seen),
            "public": lambda: aside.public(self.seen),
            "offer": lambda: aside.pack(self.seen),
        }
        self.do(made[verb])

    def action_run(self) -> None:
        """Approve what waits, or ask for the step under the cursor."""
        self.do(self._run)

    def _run(self) -> Act:
        kind, name = self.under_cursor()
        row = self._waiting(name) if kind in ("step", "run") else None
        if row is None and kind == "step":
            return acts.run(self.seen, name)
        row = row or self._waiting(str(self.seen["next"]["run"])) or waiting(dict(self.seen), None)
        return acts.approval_of(self.seen, row)

    def _waiting(self, named: str) -> View | None:
        return next((row for row in self.seen["waiting"] if named in (row["step"], row["run"])), None)

    def action_decline(self) -> None:
        """Say no to what waits."""
        self.do(lambda: acts.decline(self._meant()))

    def action_value(self) -> None:
        """Give the first value that a waiting step lacks."""

        def first() -> Act:
            lacking = acts.values_of(self._meant())
            if not lacking:
                raise Refused("no waiting step needs a value", exit_code=Exit.USAGE)
            return lacking[0]

        self.do(first)

    def _meant(self) -> View:
        return self._waiting(self.under_cursor()[1]) or waiting(dict(self.seen), None)

    def action_settle(self) -> None:
        """Say what became of a step of unknown outcome."""

        def lost() -> Act:
            rows = self.seen["unknown"]
            if not rows:
                raise Refused("no outcome is in question", exit_code=Exit.USAGE)
            name = self.under_cursor()[1]
            return acts.settle(next((row for row in rows if name in (row["run"], row["step"])), rows[0]))

        self.do(lost)

    def action_close(self) -> None:
        """The box under the cursor, or the first that is open."""
        kind, name = self.under_cursor()
        self.do(lambda: aside.tick(self.seen, name if kind == "box" else ""))

    def action_other(self) -> None:
        """A step of a runbook that is not in use."""
        self.do(lambda: acts.other(self.reach.runbooks()))

    def do(self, made: Callable[[], Act]) -> None:
        """Ask what has to be asked and say it, one thing at a time: keys that come before its sheet is there do nothing."""
        if not self._saying:
            self._saying = True
            self.run_worker(self._done(made))

    async def _done(self, made: Callable[[], Act]) -> None:
        try:
            act: Act | None = await asyncio.to_thread(made)
            while act is not None:
                act = await self._said(act)
        except FirstfiveError as problem:
            self.tell(problem)
        finally:
            self._saying = False

    async def _said(self, act: Act) -> Act | None:
        """One act asked and said; the approval that it leads to, if any."""
        typed: tuple[str, ...] = ()
        if act.questions:
            careful = act.verb in ("approve", "run", "undo") or (act.verb == "public" and act.then is None)
            answer = await self.push_screen_wait(Sheet(act.title, lambda: act.shown, act.questions, careful=careful))
            if answer is None:
                self.tell("nothing was said")
                return None
            typed = answer
        if act.then is not None:
            return act.then(acts.filled(act, typed))
        before = {row["run"] for row in self.seen["waiting"]}
        seen = await asyncio.to_thread(self.reach.say, self.incident, act.verb, acts.filled(act, typed))
        self.take(seen)
        self.tell(SAID.get(act.verb, "done"))
        fresh = [row for row in seen["waiting"] if row["run"] not in before]
        if act.verb not in ("run", "undo", "set", "offer") or len(fresh) != 1:
            return None
        lacking = acts.values_of(fresh[0])
        return lacking[0] if lacking else acts.approval_of(seen, fresh[0])

    # -------------------------------------------------------------------------------------------------------- looking

    def under_cursor(self) -> tuple[str, str]:
        """Kind and name of what the cursor of the work stands on; empty where it stands nowhere."""
        option = self._list("#work").highlighted_option
        kind, _, name = (option.id or "").partition(":") if option else ("", "", "")
        return kind, name

    def on_option_list_option_selected(self, selected: OptionList.OptionSelected) -> None:
        """Everything about it, as it goes on."""
        name = selected.option_id or ""
        if page_of(self.seen, name, self.said):
            self.push_screen(Sheet("As it stands", lambda: page_of(self.seen, name, self.said)))

    def action_filter(self) -> None:
        """The next of the filters."""
        known = CHOICES.index(self.chosen) if self.chosen in CHOICES else -1
        self.chosen = CHOICES[(known + 1) % len(CHOICES)]
        self.paint()

    def action_search(self) -> None:
        """Only entries that hold these words."""
        asking = (Question(field="words", text="Words in the timeline (Enter: all)", optional=True),)

        def chosen(typed: tuple[str, ...] | None) -> None:
            if typed is not None:
                self.chosen = line(typed[0]) or CHOICES[0]
                self.paint()

        self.push_screen(Sheet("Search the timeline", lambda: (), asking), chosen)

    def action_more(self) -> None:
        """Every key."""
        self.push_screen(Sheet("Keys", lambda: [(("key", f"{key:>6}  "), ("", what)) for key, what in MORE]))

    def action_leave(self, code: int) -> None:
        """Leave; the incident goes on."""
        self.exit(code)


def _link_words(link: Link) -> str:
    if link.state == "journal":
        return "NO SERVER RUNS: read only, from the journal"
    return f"NOTHING IS HEARD, trying again: {line(link.why, 200)}"


def on_screen(reach: Reach, incident: str, seen: View) -> int:
    """Show an incident until somebody leaves; the exit code. Raises FirstfiveError when the screen itself broke."""
    whole = Whole(reach, incident, seen)
    code = whole.run(mouse=False)
    if whole.broken is not None:
        raise FirstfiveError(
            f"the screen broke: {type(whole.broken).__name__}: {line(str(whole.broken), 200)}",
            remedy=f"firstfive room {incident} --plain works without it; please report it",
        )
    return int(code or 0)
