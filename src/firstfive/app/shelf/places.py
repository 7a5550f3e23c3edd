"""The places where steps run, held against what is there: folders, files of ssh, the hosts themselves, and targets that the page names.

Part of the doctor. Looks only; connects to the ssh targets of the settings with what they say, and runs `true` there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from firstfive.app.hands import target_of
from firstfive.errors import FirstfiveError
from firstfive.handbook.model import Handbook
from firstfive.settings import Settings, TargetSettings

PATIENCE = timedelta(seconds=10)


def places(settings: Settings, handbook: Handbook) -> list[dict[str, Any]]:
    """A finding for each target on which steps could not run, one for all others, and one for each that only the page knows."""
    wrong = {name: told for name, target in settings.targets.items() if (told := _missing(name, target))}
    away = [name for name, target in settings.targets.items() if target.kind == "ssh" and name not in wrong]
    wrong |= asyncio.run(_asked(settings, away)) if away else {}
    found = [_row(f"target {name}", False, what, remedy) for name, (what, remedy) in wrong.items()]
    found += [_row(f"target {name}", False, what, remedy) for name, what, remedy in _strange(settings, handbook)]
    well = ", ".join(name for name in settings.targets if name not in wrong)
    return [*found, _row("targets", True, well, "")] if well else found


def _row(what: str, ok: bool, found: str, remedy: str) -> dict[str, Any]:
    return {"what": what, "ok": ok, "found": found, "remedy": remedy}


def _missing(name: str, target: TargetSettings) -> tuple[str, str] | None:
    if target.kind == "local" and not target.workdir.is_dir():
        return f"there is no folder {target.workdir}", f"make it, or mend workdir under [targets.{name}]"
    for key, file in (("config_file", target.config_file), ("known_hosts", target.known_hosts)):
        if file is not None and not file.is_file():
            return f"there is no file {file}", f"mend {key} under [targets.{name}]"
    return None


async def _asked(settings: Settings, names: list[str]) -> dict[str, tuple[str, str]]:
    """What is wrong with each host, asked all at once."""
    told = await asyncio.gather(*(_ask(settings, name) for name in names))
    return {name: what for name, what in zip(names, told, strict=True) if what is not None}


async def _ask(settings: Settings, name: str) -> tuple[str, str] | None:
    target = target_of(name, settings.targets[name], settings)
    try:
        given = await asyncio.wait_for(target.look("true", timeout=PATIENCE), PATIENCE.total_seconds())
    except FirstfiveError as problem:
        return problem.what, problem.remedy
    except TimeoutError:
        return f"no answer within {PATIENCE.total_seconds():.0f} s", "look whether the host is up and ssh reaches it"
    finally:
        close = getattr(target, "close", None)
        if close is not None:
            await close()
    if given.exit_code == 0:
        return None
    folder = settings.targets[name].workdir
    return (
        given.text.strip() or f"no command begins there, exit code {given.exit_code}",
        f"look at {folder} on the host",
    )


def _strange(settings: Settings, handbook: Handbook) -> Iterator[tuple[str, str, str]]:
    """Targets that steps of the page name and the settings do not."""
    seen: set[str] = set()
    for runbook in handbook.runbooks:
        for step in runbook.steps:
            if step.on and step.on not in settings.targets and step.on not in seen:
                seen.add(step.on)
                known = ", ".join(settings.targets)
                yield (
                    step.on,
                    f"the page wants {step.id} there ({step.place}), and settings name no such target",
                    (f"write [targets.{step.on}], or one of {known} on the page"),
                )
