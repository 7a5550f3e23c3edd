"""The page held against the living host: what it names and whether that is there.

Called by `firstfive check --host`. Runs only commands that are judged to run by themselves, never the page's own, and prints no value
of a variable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from shlex import quote
from typing import Any

from firstfive.cli.page.host import compose
from firstfive.cli.page.host.named import Named, named
from firstfive.errors import FirstfiveError
from firstfive.handbook.model import Handbook
from firstfive.ports import Output, Target
from firstfive.settings import Settings, env_file
from firstfive.shell.risk import judge

PATIENCE = timedelta(seconds=10)
OK, MEND, UNKNOWN = "ok", "mend", "unknown"
ENGINE = "docker ps -a --format '{{.Names}}\t{{.Label \"com.docker.compose.service\"}}'"
_LINKS = ("FF030", "FF032")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that the page relies on. `state` is `ok`, `mend` or `unknown`; `place` is on the page or a settings key."""

    kind: str
    name: str
    state: str
    place: str
    found: str = ""
    remedy: str = ""


async def held(handbook: Handbook, settings: Settings, target: Target) -> tuple[Finding, ...]:
    """Every finding, in the order: tools, files, variables, containers, services, log files, release links, contacts, links."""
    things = named(handbook, settings.default_target)
    by_kind = {kind: [one for one in things if one.kind == kind] for kind in ("tool", "file", "variable")}
    inside = [one for one in things if one.kind in ("container", "service")]
    nowhere = _no_folder(settings)
    if nowhere is not None:
        return (nowhere, *_variables(settings, by_kind["variable"]), *_contacts(handbook), *_links(handbook))
    return (
        *[await _tool(target, one) for one in by_kind["tool"]],
        *[await _file(target, one) for one in by_kind["file"]],
        *_variables(settings, by_kind["variable"]),
        *(await _engine(target, inside, await _composed(target, by_kind["file"])) if inside else ()),
        *[await _log(target, name, str(path)) for name, path in settings.logs.items()],
        *[await _release(target, name, str(path)) for name, path in settings.deploys.items()],
        *_contacts(handbook),
        *_links(handbook),
    )


def _no_folder(settings: Settings) -> Finding | None:
    """The one thing to mend first: without the folder that commands start in, nothing on the target can be asked."""
    name = settings.default_target
    folder = settings.targets[name].workdir
    if folder.is_dir():
        return None
    return Finding(
        kind="folder",
        name=str(folder),
        state=MEND,
        place=f"[targets.{name}] workdir",
        found="no such folder, so tools, files, containers and logs were not looked at",
        remedy=f"make it, or mend workdir under [targets.{name}]",
    )


async def _composed(target: Target, files: Sequence[Named]) -> compose.Composed:
    paths = compose.candidates(one.name for one in files)
    return compose.read([(path, await look(target, compose.reading(path))) for path in paths])


async def look(target: Target, script: str) -> Output | str:
    """What a command that only looks gave, or the reason why there is no answer. One that is not judged harmless never runs."""
    judged = judge(script)
    if not judged.auto:
        return f"not looked at, since `{script}` would not run by itself: {'; '.join(judged.reasons)}"
    assert judged.auto
    try:
        given = await target.look(script, timeout=PATIENCE)
    except FirstfiveError as problem:
        return problem.what
    if given.timed_out:
        return f"no answer within {PATIENCE.total_seconds():.0f} s"
    return given if given.exit_code < 125 else (given.text.strip() or f"exit code {given.exit_code}").splitlines()[-1]


async def _tool(target: Target, one: Named) -> Finding:
    given = await look(target, f"command -v {quote(one.name)}")
    remedy = f"install {one.name} on {target.name}, or add its folder to [targets.{target.name}] path"
    return _asked(one.kind, one.name, str(one.place), given, f"{one.name} is not on the PATH", remedy)


async def _file(target: Target, one: Named) -> Finding:
    given = await look(target, f"test -e {quote(one.name)}")
    remedy = f"mend the path on the page, or workdir of [targets.{target.name}] when it is a relative one"
    return _asked(one.kind, one.name, str(one.place), given, f"no such file or folder on {target.name}", remedy)


async def _log(target: Target, name: str, path: str) -> Finding:
    given = await look(target, f"test -r {quote(path)}")
    remedy = f"mend [logs] {name}, start the program that writes it, or give the right to read it"
    return _asked("log", path, f"[logs] {name}", given, "the file is not there or cannot be read", remedy)


async def _release(target: Target, name: str, path: str) -> Finding:
    given = await look(target, f"test -L {quote(path)} && test -e {quote(path)}")
    remedy = f"mend [deploys] {name}: it names the link that a release moves"
    return _asked("release link", path, f"[deploys] {name}", given, "no link that leads somewhere", remedy)


def _asked(kind: str, name: str, place: str, given: Output | str, missing: str, remedy: str) -> Finding:
    if isinstance(given, str):
        return Finding(kind=kind, name=name, state=UNKNOWN, place=place, found=given)
    if given.exit_code == 0:
        return Finding(kind=kind, name=name, state=OK, place=place)
    return Finding(kind=kind, name=name, state=MEND, place=place, found=missing, remedy=remedy)


def _variables(settings: Settings, wanted: Sequence[Named]) -> list[Finding]:
    """Whether the target gives each variable a value; the value itself is looked at by nobody."""
    target = settings.targets[settings.default_target]
    values: Mapping[str, str] = {**settings.inherited, **env_file(target.env_file), **target.environment}
    where = (
        str(target.env_file)
        if target.env_file
        else f"the env_file of [targets.{settings.default_target}], which is not set"
    )
    found: list[Finding] = []
    for one in wanted:
        state = OK if values.get(one.name) else MEND
        missing = "it is set to nothing" if one.name in values else "no step would see it"
        found.append(
            Finding(kind=one.kind, name=one.name, state=state, place=str(one.place), found="" if state == OK else missing,
                    remedy="" if state == OK else f"add {one.name}= to {where}")
        )  # fmt: skip
    return found


def _composed_only(one: Named, composed: compose.Composed) -> Finding | None:
    """What the Compose files alone tell of a service or a container; None when they tell nothing."""
    if not composed.files:
        return None
    names = composed.services if one.kind == "service" else [name for name in composed.services.values() if name]
    if one.name in names:
        return Finding(kind=one.kind, name=one.name, state=OK, place=str(one.place), found=f"by {composed.files[0]}")
    if one.kind == "container":
        return None
    meant = composed.service_of(one.name)
    hint = (
        f"{one.name} is the container of the service {meant}: write {meant}" if meant else "mend the name on the page"
    )
    there = ", ".join(sorted(composed.services)) or "none at all"
    missing = f"no such service in {', '.join(composed.files)}"
    remedy = f"{hint}; there are: {there}"
    return Finding(kind=one.kind, name=one.name, state=MEND, place=str(one.place), found=missing, remedy=remedy)


async def _engine(target: Target, wanted: Sequence[Named], composed: compose.Composed) -> list[Finding]:
    """Containers and services by what the Compose files say and the engine lists; without either nothing is known of them."""
    told = {one: _composed_only(one, composed) for one in wanted if one.kind == "service"}
    sure = [finding for finding in told.values() if finding is not None]
    open_ = [one for one in wanted if told.get(one) is None]
    return [*sure, *(await _listed(target, open_) if open_ else ())]


async def _listed(target: Target, wanted: Sequence[Named]) -> list[Finding]:
    """Containers and services by what the engine lists; without an answer nothing is known about any of them."""
    given = await look(target, ENGINE)
    if isinstance(given, str) or given.exit_code != 0:
        return [
            Finding(kind=one.kind, name=one.name, state=UNKNOWN, place=str(one.place), found="no engine answers",
                    remedy="ask again where docker runs, as a user who may ask it")
            for one in wanted
        ]  # fmt: skip
    rows = [line.partition("\t") for line in given.stdout.splitlines()]
    known = {"container": {row[0] for row in rows}, "service": {row[2].strip() for row in rows} - {""}}
    found: list[Finding] = []
    for one in wanted:
        if one.name in known[one.kind]:
            found.append(Finding(kind=one.kind, name=one.name, state=OK, place=str(one.place)))
            continue
        missing = (
            "no container of that name" if one.kind == "container" else "no container belongs to a service of that name"
        )
        names = ", ".join(sorted(known[one.kind])) or "none at all"
        found.append(
            Finding(kind=one.kind, name=one.name, state=MEND, place=str(one.place), found=missing,
                    remedy=f"mend the name on the page, or create it; there are: {names}")
        )  # fmt: skip
    return found


def _contacts(handbook: Handbook) -> list[Finding]:
    return [
        Finding(kind="contact", name=contact.role, state=OK, place=str(contact.place))
        if contact.reachable
        else Finding(kind="contact", name=contact.role, state=MEND, place=str(contact.place), found="nobody is named",
                     remedy="fill in a person and a way to reach them")
        for contact in handbook.contacts
    ]  # fmt: skip


def _links(handbook: Handbook) -> list[Finding]:
    dead = [problem for problem in handbook.problems if problem.code in _LINKS]
    if not dead:
        return [Finding(kind="link", name="all links", state=OK, place=handbook.sources[0].path)]
    return [
        Finding(kind="link", name=problem.code, state=MEND, place=str(problem.place), found=problem.message, remedy=problem.help)
        for problem in dead
    ]  # fmt: skip


def worded(findings: Sequence[Finding]) -> str:
    """One line a finding, its remedy below it, and a line that counts them."""
    width = max((len(finding.kind) for finding in findings), default=0)
    lines: list[str] = []
    for one in findings:
        found = f": {one.found}" if one.found else ""
        lines.append(f"{one.state:<7}  {one.kind:<{width}}  {one.name}{found}  ({one.place})")
        if one.remedy:
            lines.append(f"{'':<7}  {'':<{width}}  help: {one.remedy}")
    count = Counter(finding.state for finding in findings)
    lines.append(f"\n{count[OK]} there, {count[MEND]} to mend, {count[UNKNOWN]} unknown")
    return "\n".join(lines)


def plain(findings: Sequence[Finding]) -> dict[str, Any]:
    """The same as plain data."""
    count = Counter(finding.state for finding in findings)
    return {"host": [asdict(one) for one in findings], "counts": {state: count[state] for state in (OK, MEND, UNKNOWN)}}
