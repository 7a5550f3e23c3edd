"""What the Compose files on the host say: services and the names of their containers.

Called by `host`. Reads the files as text through the target; Compose itself is never asked, since it prints the values of variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from shlex import quote

from firstfive.ports import Output

# The names that Compose looks for by itself, in its order (Compose specification, "Compose file").
USUAL = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """Services by name with the name of their container (empty: Compose makes one up), and the files that said so."""

    services: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    def service_of(self, container: str) -> str:
        """The service whose container has this name, or nothing."""
        return next((service for service, name in self.services.items() if name == container), "")


def candidates(files: Iterable[str]) -> tuple[str, ...]:
    """Files that may be Compose files: those that the page names by such a name, then the usual ones."""
    named = [name for name in files if name.endswith((".yml", ".yaml")) and "compose" in name.rpartition("/")[2]]
    return tuple(dict.fromkeys((*named, *USUAL)))


def reading(path: str) -> str:
    """The command that shows one file; it only looks."""
    return f"cat -- {quote(path)}"


def read(answers: Iterable[tuple[str, Output | str]]) -> Composed:
    """Services out of the answers to `reading`, by path; what is not there or is no Compose file is left out."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    services: dict[str, str] = {}
    files: list[str] = []
    for path, given in answers:
        if isinstance(given, str) or given.exit_code != 0 or given.dropped:
            continue
        try:
            whole = YAML(typ="safe", pure=True).load(given.stdout)
        except (YAMLError, ValueError, RecursionError):
            continue
        held = whole.get("services") if isinstance(whole, dict) else None
        if isinstance(held, dict):
            files.append(path)
            for name, service in held.items():
                services[str(name)] = str(service.get("container_name", "")) if isinstance(service, dict) else ""
    return Composed(services=services, files=tuple(files))
