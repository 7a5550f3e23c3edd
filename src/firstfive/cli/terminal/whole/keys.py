"""The keys of the whole screen, what each is good for now, and where everything stands.

Read by `screen`. The layout fits 40 columns by 20 lines; from 120 columns on the timeline stands beside the work.
"""

from __future__ import annotations

from textual.binding import Binding, BindingType

WIDE = 120  # columns from which the timeline stands beside the work
NARROW = 60  # columns up to which only the first keys are named
LOW = 22  # lines below which everything else makes room for the two lists
HINTS = {
    "acknowledge": "a takes it",
    "approve": "r shows exactly what would run",
    "judge": "r shows it, d declines it",
    "value": "v gives the value",
    "hypothesis": "h says what it is",
    "settle": "x settles it",
    "watch": "e resolves it",
    "choose": "choose a step below, r asks for it",
    "tell": "p tells customers",
    "close": "c ticks the first open box, or the one under the cursor",
}
KEYS = (
    ("a", "ack"),
    ("r", "run"),
    ("u", "update"),
    ("n", "note"),
    ("h", "hypothesis"),
    ("z", "undo"),
    ("s", "severity"),
)
MORE = (
    ("a", "I have taken it"),
    ("r", "run: ask for the step under the cursor, or approve what waits"),
    ("d", "decline what waits"),
    ("v", "give a value that a waiting step needs"),
    ("x", "settle a step of unknown outcome"),
    ("z", "ask for the newest change to be taken back"),
    ("u", "send an update now"),
    ("n", "a note for the timeline"),
    ("h", "hypothesis: what you think it is"),
    ("s", "change the severity"),
    ("e", "end: resolve it"),
    ("p", "public: words for customers, shown as they would stand"),
    ("c", "close: tick the box under the cursor, or the first that is open"),
    ("o", "offer: a change beside the page (block, evidence, ...)"),
    ("b", "a step of another runbook"),
    ("Enter", "everything about what is under the cursor"),
    ("Tab", "between the work and the timeline"),
    ("f", "filter the timeline: all, people, steps, found, told"),
    ("/", "words that an entry must hold"),
    ("q", "leave; the incident goes on"),
)
SAID = {
    "ack": "you have it",
    "note": "noted",
    "run": "asked for",
    "undo": "asked for",
    "approve": "approved",
    "decline": "declined",
    "set": "set",
    "settle": "settled",
    "update": "the update is on its way",
    "resolve": "resolved",
    "public": "everybody is told",
    "tick": "ticked",
    "offer": "asked for",
}
BOUND: list[BindingType] = [
    Binding("a", "say('ack')", "ack"),
    Binding("r", "run", "run or approve"),
    Binding("d", "decline", "decline"),
    Binding("v", "value", "a value"),
    Binding("x", "settle", "settle"),
    Binding("z", "say('undo')", "undo"),
    Binding("u", "say('update')", "update"),
    Binding("n", "say('note')", "note"),
    Binding("h", "say('hypothesis')", "hypothesis"),
    Binding("s", "say('severity')", "severity"),
    Binding("e", "say('resolve')", "resolve"),
    Binding("p", "say('public')", "customers"),
    Binding("c", "close", "closing list"),
    Binding("o", "say('offer')", "another change"),
    Binding("b", "other", "another runbook"),
    Binding("f", "filter", "filter"),
    Binding("slash", "search", "search"),
    Binding("question_mark", "more", "more keys"),
    Binding("q", "leave(0)", "quit"),
    Binding("ctrl+c", "leave(130)", "quit", priority=True),
]
LAYOUT = """
Screen { background: ansi_default; layout: vertical; overflow: hidden; }
.low #next { border: none; max-height: 4; }
.low #head { max-height: 4; }
.low #told { max-height: 2; }
#head, #link, #next, #told { height: auto; padding: 0 2; background: ansi_default; }
#next { border-top: solid ansi_blue; border-bottom: solid ansi_blue; max-height: 8; }
#body { height: 1fr; min-height: 6; layout: vertical; background: ansi_default; }
.list { background: ansi_default; border: none; padding: 0; scrollbar-size-vertical: 1; max-height: 100%; }
.list:focus { background-tint: ansi_default 0%; }
.list > .option-list--option { padding: 0; }
.list > .option-list--option-disabled { color: ansi_default; text-style: none; }
.list > .option-list--option-highlighted { background: ansi_default; color: ansi_default; text-style: none; }
.list:focus > .option-list--option-highlighted { background: ansi_default; color: ansi_default; text-style: none; }
#work { height: 3fr; }
#bar { height: 1; padding: 0 2; background: ansi_default; }
#line { height: 2fr; }
.late #work { height: 1fr; }
.late #line { height: 3fr; }
.wide #body { layout: grid; grid-size: 2; grid-columns: 3fr 2fr; grid-rows: 1 1fr; }
.wide #work { row-span: 2; height: 100%; }
.wide #line { height: 100%; }
#keys { height: auto; padding: 0 2; background: ansi_default; }
"""
