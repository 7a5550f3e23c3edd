"""The reviewed list of commands: read once from the files beside it, with a vault's own claims on top.

Asked by `calls`. The keys of an entry are described in docs/reference/risk-table.md; a key that is not known is an error.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any

from firstfive.errors import Exit, FirstfiveError
from firstfive.shell.risk.options import VERDICTS, Manner, Option, read_options
from firstfive.shell.risk.verdict import Verdict

_SHORT = re.compile(r"(?P<risk>[a-z-]+)(?P<words>(?: (?:calm|open|none))*)(?:: (?P<options>.*))?", re.DOTALL)
CLAIM = 'write for example status = "read" below [risk.cmd.keeper.sub]'
_KEYS = frozenset(
    [
        "risk", "options", "open", "calm", "stop", "single", "args", "operand", "otherwise", "need", "free", "bare", "inherit", "inner",
        "script", "code", "tags", "like", "sub", "source", "cases",
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One command or sub-command. See the reference for the meaning of every key."""

    path: str
    risk: Verdict = Verdict.READ_ONLY
    open: bool = False
    options: Mapping[str, Option] = field(default_factory=dict)
    manner: Manner = field(default_factory=Manner)
    args: int | None = None
    operand: re.Pattern[str] | None = None
    otherwise: Verdict = Verdict.UNKNOWN
    need: frozenset[str] = frozenset()
    free: frozenset[str] = frozenset()
    bare: str = ""
    inherit: bool = False
    inner: int | None = None
    script: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    tags: frozenset[str] = frozenset()
    sub: Mapping[str, Spec] = field(default_factory=dict)
    claimed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Every command that is known by name. Entries are read when they are asked for; a vault's claims at once."""

    entries: Mapping[str, Any]
    claims: Mapping[str, Spec] = field(default_factory=dict)
    _made: dict[str, Spec] = field(default_factory=dict)

    def find(self, name: str) -> Spec | None:
        """The entry of a command, or None."""
        if name in self.claims:
            return self.claims[name]
        if name not in self._made:
            raw = self.entries.get(name)
            if raw is None:
                return None
            self._made[name] = (
                self._other(raw["like"]) if isinstance(raw, Mapping) and "like" in raw else _spec(name, raw)
            )
        return self._made[name]

    def _other(self, path: str) -> Spec:
        first, *rest = path.split()
        spec = self.find(first)
        for name in rest:
            spec = None if spec is None else spec.sub.get(name)
        if spec is None:
            raise FirstfiveError(f"the risk table says like = {path!r}, which is not there")
        return spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An example that an entry promises: a command and its verdict."""

    command: str
    verdict: Verdict
    entry: str


def load_table(overlay: Mapping[str, Any] | None = None, *, at: str = "") -> Table:
    """The list, with a vault's own reviewed claims (`{"cmd": {"tool": {"sub": {"ps": "read"}}}}`) added.

    A claim adds commands and sub-commands, or replaces a whole entry of the same name. `at` is the file that the claims stand in.
    Raises FirstfiveError for a key or a verdict that is not known, with the file and the claim.
    """
    if not overlay:
        return _shipped()
    try:
        return _claimed(overlay)
    except FirstfiveError as slip:
        claim = f"[risk] {slip.where}".strip()
        where = f"{at}, {claim}" if at else claim
        raise FirstfiveError(slip.what, where=where, remedy=slip.remedy or CLAIM, exit_code=Exit.USAGE) from None


def _claimed(overlay: Mapping[str, Any]) -> Table:
    shipped = _shipped()
    strange = set(overlay) - {"cmd"}
    if strange:
        raise FirstfiveError(
            f"the risk claims have an unknown part: {', '.join(sorted(strange))}", remedy="write [cmd.NAME] tables"
        )
    claims: dict[str, Spec] = {}
    for name, raw in (overlay.get("cmd") or {}).items():
        made = _spec(name, raw, claimed=True)
        old = shipped.find(name)
        if old is not None and isinstance(raw, Mapping) and set(raw) <= {"sub", "source", "cases"} and old.sub:
            made = replace(old, sub={**old.sub, **made.sub})
        claims[name] = made
    return Table(entries=shipped.entries, claims=claims)


def cases() -> Iterator[Case]:
    """Every example of the shipped list."""
    for file, raw in _files():
        for name, entry in (("[any]", raw.get("any", {})), *raw.get("cmd", {}).items()):
            for verdict, commands in entry.get("cases", {}).items() if isinstance(entry, dict) else ():
                for command in commands:
                    yield Case(command=command, verdict=VERDICTS[verdict], entry=f"{file}: {name}")


def sources() -> Iterator[tuple[str, str]]:
    """(command, where the claim comes from) of every shipped entry; the text is empty where it is missing."""
    for file, raw in _files():
        for name, entry in raw.get("cmd", {}).items():
            yield name, (entry.get("source") if isinstance(entry, dict) else None) or raw.get("source", "")
        if "any" in raw:
            yield f"{file}: [any]", raw["any"].get("source", "")


@cache
def _files() -> tuple[tuple[str, dict[str, Any]], ...]:
    folder = resources.files("firstfive.shell.risk").joinpath("table")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple((name, tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8"))) for name in names)


@cache
def _shipped() -> Table:
    entries: dict[str, Any] = {}
    for file, raw in _files():
        found = [(name, "read open") for name in (raw.get("any") or {}).get("read", ())]
        found += [(name, entry) for names, entry in raw.get("cmd", {}).items() for name in names.split("|")]
        for name, entry in found:
            if name in entries:
                raise FirstfiveError(f"the risk table has {name} twice", where=file)
            entries[name] = entry
    return Table(entries=entries)


def _spec(path: str, raw: Any, *, claimed: bool = False, single: bool = False) -> Spec:
    if isinstance(raw, str):
        return _short(path, raw, claimed=claimed, single=single)
    if not isinstance(raw, Mapping) or set(raw) - _KEYS:
        strange = sorted(set(raw) - _KEYS) if isinstance(raw, Mapping) else [str(raw)]
        raise FirstfiveError(f"the risk table has an unknown key: {', '.join(strange)}", where=path)
    subs: dict[str, Spec] = {}
    for names, entry in (raw.get("sub") or {}).items():
        for name in names.split("|"):
            subs[name] = _spec(f"{path} {name}", entry, claimed=claimed, single=raw.get("single", single))
    return Spec(
        path=path,
        risk=_verdict(path, raw.get("risk", "read")),
        open=raw.get("open", False),
        options=read_options(raw.get("options", "")),
        manner=Manner(
            stop=raw.get("stop", False) or bool(subs) or "inner" in raw,
            calm=raw.get("calm", raw.get("open", False)),
            single=raw.get("single", single),
            count=raw.get("inner"),
        ),
        args=raw.get("args"),
        operand=re.compile(raw["operand"]) if "operand" in raw else None,
        otherwise=_verdict(path, raw.get("otherwise", "unknown")),
        need=frozenset(raw.get("need", "").split("|")) - {""},
        free=frozenset(raw.get("free", "").split("|")) - {""},
        bare=raw.get("bare", ""),
        inherit=raw.get("inherit", False),
        inner=raw.get("inner"),
        script=dict(raw.get("script") or {}),
        code=raw.get("code", ""),
        tags=frozenset(raw.get("tags") or ()),
        sub=subs,
        claimed=claimed,
    )


def _short(path: str, text: str, *, claimed: bool, single: bool) -> Spec:
    """An entry in one line: `read`, `changing`, `read: -a,--all -n:`, `read calm: ...`, `read open`, `read none`.

    `open`: with any option; `calm`: words of unknown text are fine; `none`: no operand. A vault's bare `read` is open.
    """
    match = _SHORT.fullmatch(text)
    if match is None:
        raise FirstfiveError(f"the risk table says {text!r}, which cannot be read", where=path)
    flags = set(match["words"].split())
    opened = "open" in flags or (claimed and match["options"] is None)
    return Spec(
        path=path,
        risk=_verdict(path, match["risk"]),
        open=opened,
        options=read_options(match["options"] or ""),
        manner=Manner(calm=opened or "calm" in flags, single=single),
        args=0 if "none" in flags else None,
        claimed=claimed,
    )


def _verdict(path: str, word: object) -> Verdict:
    if word not in VERDICTS:
        raise FirstfiveError(
            f"the risk table says {word!r}", where=path, remedy="say read, unknown, changing or destructive"
        )
    return VERDICTS[str(word)]
