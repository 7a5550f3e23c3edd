"""Fact packs: which facts a command line gives, by the shape of its words, and how they are read from its output.

Called through `facts_of` (when a page is compiled) and `extract` (when a run is finished). The rows stand in packs/*.toml, each with
its source and its cases; readers that need code are in `containers` and `outputs`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from firstfive.shell.conditions import Condition, FactType, Outcome, Value, compile
from firstfive.shell.conditions.values import conform
from firstfive.shell.facts import containers, outputs
from firstfive.shell.facts.extractors import FactLine, parse_fact_line, run_extractor
from firstfive.shell.facts.model import RESULT, FactSpec, Output, output_of
from firstfive.shell.facts.shape import Pipeline, shapes_of

READERS: Mapping[str, Callable[[Pipeline, Output], dict[str, object]]] = MappingProxyType(
    {
        "inspected": containers.inspected,
        "listed": containers.listed,
        "composed": containers.composed,
        "disks": outputs.disks,
        "memory": outputs.memory,
        "http": outputs.http,
        "log": outputs.log,
        "ranking": outputs.ranking,
        "counted": outputs.counted,
        "redis_memory": outputs.redis_memory,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """One row: the shape it fits, what it gives, and how.

    `programs` is the first stage's program, `words` must stand among its arguments in this order (any case), `holds` are pieces that
    some argument must contain. `compose` tells `docker compose ps` from `docker ps`; None takes both. `filters` are the programs
    allowed behind it; `last` asks for the last stage instead. A `shared` row can tell its part of an output from other commands'.
    """

    programs: frozenset[str]
    words: tuple[str, ...]
    holds: tuple[str, ...]
    filters: frozenset[str]
    last: str
    last_words: tuple[str, ...]
    shared: bool
    compose: bool | None
    when: Condition | None
    facts: tuple[FactSpec, ...]
    lines: tuple[FactLine, ...]
    by: str
    source: str

    def fits(self, pipeline: Pipeline) -> bool:
        """Whether a pipeline has this row's shape."""
        first, rest = pipeline[0], pipeline[1:]
        if self.last:
            final = pipeline[-1]
            return final.program == self.last and _in_order(self.last_words, final.known)
        return (
            first.program in self.programs
            and self.compose in (None, first.compose)
            and _in_order(self.words, first.known)
            and all(any(piece in word for word in first.known) for piece in self.holds)
            and all(stage.program in self.filters for stage in rest)
        )


def facts_of(command: str) -> tuple[FactSpec, ...]:
    """What this command line would tell, each fact once. Placeholders may stand in it; text that is no bash tells nothing."""
    specs = {spec.name: spec for pack, _ in _fitting(command) for spec in pack.facts}
    return tuple(specs.values())


def extract(command: str, *, stdout: str, stderr: str, exit_code: int) -> dict[str, Value]:
    """The facts that this output of `command` tells. What it does not tell stays out; nothing is guessed, nothing is raised."""
    output = output_of(stdout, stderr, exit_code)
    result = {"exit": exit_code, "stdout": output.stdout, "stderr": output.stderr}
    found: dict[str, Value] = {}
    for pack, pipeline in _fitting(command):
        if pack.when is not None and pack.when.evaluate(result).outcome is not Outcome.TRUE:
            continue
        taken: dict[str, object] = READERS[pack.by](pipeline, output) if pack.by else {}
        for line in pack.lines:
            taken[line.name] = run_extractor(line, stdout=output.stdout, stderr=output.stderr, exit_code=exit_code)
        for spec in pack.facts:
            value = conform(spec.type, taken.get(spec.name))
            if value is not None:
                found[spec.name] = value
    return found


@lru_cache(maxsize=1)
def known() -> Mapping[str, FactSpec]:
    """Every fact that a pack gives or that the program itself collects (deploys), by name."""
    own = {spec.name: spec for spec in OWN}
    return MappingProxyType(own | {spec.name: spec for pack in packs() for spec in pack.facts})


@lru_cache(maxsize=1)
def types() -> Mapping[str, FactType]:
    """The same as types: what a condition may speak of on any page."""
    return MappingProxyType({name: spec.type for name, spec in known().items()})


OWN: tuple[FactSpec, ...] = (
    FactSpec(name="deploy.age", type=FactType.DURATION, about="how long ago the newest image came into use"),
    FactSpec(name="deploy.previous", type=FactType.STRING, about="the tag that ran before the newest deploy"),
)


def _fitting(command: str) -> Iterator[tuple[Pack, Pipeline]]:
    """The rows that fit. When several pipelines share one output only rows that can tell their part from the rest count."""
    pipelines = [pipeline for pipeline in shapes_of(command) if pipeline]
    for pipeline in pipelines:
        for pack in packs():
            if (len(pipelines) == 1 or pack.shared) and pack.fits(pipeline):
                yield pack, pipeline


def _in_order(wanted: tuple[str, ...], words: tuple[str, ...]) -> bool:
    rest = iter(word.lower() for word in words)
    return all(any(word == want for word in rest) for want in wanted)


@lru_cache(maxsize=1)
def packs() -> tuple[Pack, ...]:
    """All rows of packs/*.toml, in the order of the files' names."""
    return tuple(_pack(row) for _, row in rows())


def rows() -> Iterator[tuple[str, Mapping[str, object]]]:
    """The rows as written, with the name of their file."""
    for file in sorted(files("firstfive.shell.facts").joinpath("packs").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            for row in tomllib.loads(file.read_text("utf-8"))["pack"]:
                yield file.name, row


def _pack(row: Mapping[str, object]) -> Pack:
    facts, lines = [], []
    for entry in _list(row, "fact"):
        assert isinstance(entry, dict)
        facts.append(FactSpec(name=entry["name"], type=FactType(entry["type"]), about=entry["about"]))
        if "is" in entry:
            lines.append(parse_fact_line(f"{entry['name']} : {entry['type']} = {entry['is']}"))
    when = str(row.get("when", ""))
    return Pack(
        programs=frozenset(str(name) for name in _list(row, "programs")),
        words=tuple(str(word) for word in _list(row, "words")),
        holds=tuple(str(piece) for piece in _list(row, "holds")),
        filters=frozenset(str(name) for name in _list(row, "filters")),
        last=str(row.get("last", "")),
        last_words=tuple(str(word) for word in _list(row, "last_words")),
        shared=row.get("shared") is True,
        compose=row["compose"] is True if "compose" in row else None,
        when=compile(when, RESULT) if when else None,
        facts=tuple(facts),
        lines=tuple(lines),
        by=str(row.get("by", "")),
        source=str(row.get("source", "")),
    )


def _list(row: Mapping[str, object], key: str) -> list[object]:
    value = row.get(key, [])
    assert isinstance(value, list)
    return value
