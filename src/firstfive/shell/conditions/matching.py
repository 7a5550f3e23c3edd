"""Runs a compiled pattern over a text, once from left to right.

`found_in` answers yes or no with states worked out as they are met (one dictionary look-up a character); `groups_in` keeps the
captured positions and is meant for one line. Both count their work and give up by saying so, never by hanging.
"""

from __future__ import annotations

from collections.abc import Sequence

from firstfive.shell.conditions.pattern import Op, Pattern, Step

MOST_WORK = 4_000_000  # instructions looked at; about two seconds
_REMEMBERED = 20_000  # cached moves before the cache starts anew

_WORD = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")


class TooMuchWork(Exception):
    """The pattern and the text together would take too long."""


class Search:
    """Looks for one pattern in any number of texts; what it learns about the pattern in one it keeps for the next."""

    def __init__(self, pattern: Pattern) -> None:
        self._run = _Run(pattern)
        self._moves: dict[tuple[frozenset[int], str], dict[str, tuple[frozenset[int], bool]]] = {}
        self._size = 0

    def found(self, text: str) -> bool:
        """Whether the pattern occurs anywhere in `text`.

        Raises:
            TooMuchWork: past `MOST_WORK`, counted over all texts.
        """
        state, before = frozenset({0}), ""
        table = self._moves.setdefault((state, ""), {})
        for char in text:
            known = table.get(char)
            if known is None:
                known = self._learn(table, state, before, char)
            state, done = known
            if done:
                return True
            before = char
            table = self._moves.setdefault((state, _side(char)), {})
        return self._run.ends(state, before)

    def _learn(
        self, table: dict[str, tuple[frozenset[int], bool]], state: frozenset[int], before: str, char: str
    ) -> tuple[frozenset[int], bool]:
        known = self._run.move(state, before, char)
        self._size += 1
        if self._size > _REMEMBERED:
            self._moves.clear()
            self._size = 0
        else:
            table[char] = known
        return known


def found_in(pattern: Pattern, text: str) -> bool:
    """Whether the pattern occurs anywhere in `text`.

    Raises:
        TooMuchWork: past `MOST_WORK`.
    """
    return Search(pattern).found(text)


def groups_in(pattern: Pattern, text: str) -> tuple[str | None, ...] | None:
    """The leftmost match and its groups (index 0 is the whole match), or None. Preference is Perl's: first alternative, greedy.

    Raises:
        TooMuchWork: past `MOST_WORK`.
    """
    run = _Run(pattern)
    slots = 2 * (pattern.groups + 1)
    threads: list[tuple[int, tuple[int, ...]]] = []
    best: tuple[int, ...] | None = None
    for at in range(len(text) + 1):
        before, after = text[at - 1 : at] if at else "", text[at : at + 1]
        if best is None:
            threads.append((0, (-1,) * slots))
        if not threads:
            break
        following: list[tuple[int, tuple[int, ...]]] = []
        for pc, saved in run.reached(threads, at, before, after):
            step = pattern.steps[pc]
            if step.op is Op.MATCH:
                best = saved
                break
            if after and step.test is not None and step.test.match(after):
                following.append((pc + 1, saved))
        threads = following
    if best is None:
        return None
    return tuple(text[best[i] : best[i + 1]] if best[i + 1] >= 0 else None for i in range(0, slots, 2))


def _side(char: str) -> str:
    """What an assertion can tell about a neighbouring character."""
    return "" if not char else "\n" if char == "\n" else "w" if char in _WORD else "."


def _holds(op: Op, before: str, after: str) -> bool:
    match op:
        case Op.BEGIN:
            return not before
        case Op.END:
            return not after
        case Op.LINE_BEGIN:
            return before in ("", "\n")
        case Op.LINE_END:
            return after in ("", "\n")
        case Op.WORD:
            return (before in _WORD) != (after in _WORD)
        case _:
            return (before in _WORD) == (after in _WORD)


class _Run:
    """One matching, with its count of work done."""

    def __init__(self, pattern: Pattern) -> None:
        self.steps: Sequence[Step] = pattern.steps
        self.work = 0

    def spend(self, amount: int) -> None:
        self.work += amount
        if self.work > MOST_WORK:
            raise TooMuchWork

    def closure(self, start: frozenset[int], before: str, after: str) -> set[int]:
        seen: set[int] = set()
        todo = list(start)
        while todo:
            pc = todo.pop()
            if pc in seen:
                continue
            seen.add(pc)
            step = self.steps[pc]
            match step.op:
                case Op.CHAR | Op.MATCH:
                    pass
                case Op.SPLIT:
                    todo += (step.to, step.other)
                case Op.JUMP:
                    todo.append(step.to)
                case Op.SAVE:
                    todo.append(pc + 1)
                case _:
                    if _holds(step.op, before, after):
                        todo.append(pc + 1)
        self.spend(len(seen) + 1)
        return seen

    def move(self, state: frozenset[int], before: str, char: str) -> tuple[frozenset[int], bool]:
        """The state behind `char`, and whether a match ended before it. A search may begin anywhere, so 0 is always in."""
        following = {0}
        for pc in self.closure(state, before, char):
            step = self.steps[pc]
            if step.op is Op.MATCH:
                return state, True
            if step.test is not None and step.test.match(char):
                following.add(pc + 1)
        return frozenset(following), False

    def ends(self, state: frozenset[int], before: str) -> bool:
        return any(self.steps[pc].op is Op.MATCH for pc in self.closure(state, before, ""))

    def reached(
        self, threads: list[tuple[int, tuple[int, ...]]], at: int, before: str, after: str
    ) -> list[tuple[int, tuple[int, ...]]]:
        """The consuming instructions that the threads stand before, in order of preference, each once."""
        seen: set[int] = set()
        found: list[tuple[int, tuple[int, ...]]] = []
        for thread in threads:
            todo = [thread]
            while todo:
                pc, saved = todo.pop()
                if pc in seen:
                    continue
                seen.add(pc)
                step = self.steps[pc]
                match step.op:
                    case Op.CHAR | Op.MATCH:
                        found.append((pc, saved))
                    case Op.SPLIT:
                        todo += ((step.other, saved), (step.to, saved))
                    case Op.JUMP:
                        todo.append((step.to, saved))
                    case Op.SAVE:
                        todo.append((pc + 1, (*saved[: step.to], at, *saved[step.to + 1 :])))
                    case _:
                        if _holds(step.op, before, after):
                            todo.append((pc + 1, saved))
        self.spend(len(seen) + 1)
        return found
