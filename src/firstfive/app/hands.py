"""Where commands run: a target for each table of the settings, with the environment that its steps may see.

Part of `app`. Connects to nothing until a step or a look needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from shlex import quote
from socket import gethostname

from firstfive.engine.steps.packing import PackRules
from firstfive.incident.mends.put_back import Kept
from firstfive.incident.mends.restore import Stored
from firstfive.ports import Target
from firstfive.probes.upkeep.nginx_config import configuration
from firstfive.settings import Settings, TargetSettings, env_file
from firstfive.shell.bind import is_secret
from firstfive.targets.local import Local
from firstfive.targets.run_wrapper import HOME_OF_RUNS
from firstfive.targets.ssh import Ssh

QUIET = {"PAGER": "cat", "GIT_PAGER": "cat", "SYSTEMD_PAGER": "cat", "TERM": "dumb"}  # nothing waits for a key


def secrets(settings: Settings) -> Iterable[str]:
    """The values that must never be stored or sent: those whose name looks like a secret."""
    for target in settings.targets.values():
        known = {**env_file(target.env_file if target.kind == "local" else None), **target.environment}
        yield from (value for name, value in known.items() if is_secret(name))
    yield from (*settings.intake.tokens.values(), *settings.intake.secrets.values())
    yield from (tracker.token for tracker in settings.trackers if tracker.token)


def target_of(
    name: str,
    target: TargetSettings,
    settings: Settings,
    learn: Callable[[Iterable[str]], None] | None = None,
    *,
    runs: str = "",
) -> Target:
    """The target of one table. `learn` is told the secrets of an env file that was edited, before a run sees them.

    `runs` names our part of the run journal where several nodes share one; who only looks needs no name.
    """
    if target.kind == "ssh":
        return _over_ssh(name, target, settings, runs or _runs_of(settings))

    def present() -> dict[str, str]:
        kept = env_file(target.env_file)
        if learn is not None:
            learn(value for key, value in kept.items() if is_secret(key))
        environment = {**settings.inherited, **kept, **target.environment}
        extra = ":".join(str(p) for p in target.path)
        if extra:
            environment["PATH"] = f"{extra}:{environment.get('PATH', '/usr/bin:/bin')}"
        return environment | QUIET

    return Local(
        name=name, workdir=target.workdir, runs=_runs_here(settings, runs), environment=present(), anew=present
    )


def _runs_here(settings: Settings, runs: str) -> Path:
    """The run journal of this machine. Nodes that share a journal share it too, so that one takes over what another began here."""
    if not runs:
        return settings.state / "runs"
    return Path(settings.inherited.get("HOME", "/")) / ".local" / "state" / "firstfive" / runs


def _runs_of(settings: Settings) -> str:
    """A name for our part of a host's run journal, so that two installations never take each other's run ids."""
    return f"runs-{sha256(f'{gethostname()}:{settings.database}'.encode()).hexdigest()[:12]}"


def pack_rules(settings: Settings) -> PackRules:
    """What packs may do, by settings."""
    given, target = settings.packs, settings.targets[settings.default_target]
    ours = f"{HOME_OF_RUNS}kept" if target.kind == "ssh" else quote(str(settings.state / "kept"))
    kept = Kept(folder=ours, compose=given.keep, nginx=given.keep_nginx, call=given.nginx, settled=given.settled)
    return PackRules(
        never=given.never,
        how=given.block,
        zone=given.zone,
        nginx=given.nginx,
        websocket_path=given.websocket_path,
        read_nginx=configuration,
        nginx_blocks=given.nginx_blocks,
        kept=kept if kept.files else None,
        logs=given.logs,
        stores=tuple(
            Stored(name=one.name, container=one.container, data=one.data, backups=one.backups, stop=one.stop)
            for one in given.restore
        ),
        folder=ours,
    )


def env_stamp(settings: Settings) -> tuple[tuple[str, int, int], ...]:
    """What changes when somebody edits an env file: name, time and size of each on this machine."""
    found = []
    for name, target in settings.targets.items():
        if target.kind == "local" and target.env_file is not None:
            with suppress(OSError):
                held = target.env_file.stat()
                found.append((name, held.st_mtime_ns, held.st_size))
    return tuple(found)


def _over_ssh(name: str, target: TargetSettings, settings: Settings, runs: str) -> Ssh:
    return Ssh(
        name=name,
        host=target.host,
        workdir=str(target.workdir),
        env_file=str(target.env_file or ""),
        environment={**target.environment, **QUIET},
        config_file=target.config_file,
        known_hosts=target.known_hosts,
        journal=runs,
    )
