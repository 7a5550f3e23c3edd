"""Facts about containers, from docker inspect, docker ps and docker compose ps in the forms that pages use.

Called by `packs`. A listing tells about one container only when its row is beyond doubt; a filter on a name is a substring to Docker,
so rows are compared by their whole name here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from firstfive.shell.facts.extractors import moment_of
from firstfive.shell.facts.jsonpath import JsonPathError, Step, parse_path, read_json, select
from firstfive.shell.facts.model import Output
from firstfive.shell.facts.shape import Pipeline, Stage
from firstfive.shell.facts.tables import cells, rows_of

Found = dict[str, object]

# Paths inside one entry of `docker inspect`, as Docker's API names them.
_STATE: Mapping[str, tuple[str, ...]] = {
    "container.status": ("State", "Status"),
    "container.running": ("State", "Running"),
    "container.restarting": ("State", "Restarting"),
    "container.oom_killed": ("State", "OOMKilled"),
    "container.exit_code": ("State", "ExitCode"),
    "container.error": ("State", "Error"),
    "container.started_at": ("State", "StartedAt"),
    "container.finished_at": ("State", "FinishedAt"),
    "container.health": ("State", "Health", "Status"),
    "container.restarts": ("RestartCount",),
    "container.created_at": ("Created",),
    "container.image_id": ("Image",),
    "container.image": ("Config", "Image"),
}
_TIMES = frozenset(("container.started_at", "container.finished_at", "container.created_at"))


def inspected(pipeline: Pipeline, output: Output) -> Found:
    """`docker inspect C`, plain, behind a plain jq path, or with a --format of fields."""
    stage = pipeline[0]
    form = stage.option("--format", "-f")
    if form is not None:
        return _known_values(_from_template(form, output.stdout))
    if len(pipeline) == 1:
        return _known_values(_from_json((0,), read_json(output.stdout)))
    words = [word for word in pipeline[1].words if word is None or not word.startswith("-")]
    if len(pipeline) != 2 or len(words) != 1 or words[0] is None:
        return {}
    try:
        path = parse_path(words[0])
    except JsonPathError:
        return {}
    return _known_values(_from_json(path, read_json(_whole(output.stdout))))


def _whole(text: str) -> str:
    """jq prints a bare string without quotes under -r; everything else is JSON."""
    stripped = text.strip()
    return (
        text
        if stripped[:1] in ("{", "[", '"') or stripped in ("true", "false", "null") or stripped.isdigit()
        else f'"{stripped}"'
    )


def _from_json(asked: tuple[Step, ...], document: Any) -> dict[str, Any]:
    """The facts under the place that was asked for. The first step picks the entry, the others go into it."""
    if document is None or (not asked and not isinstance(document, list)):
        return {}
    if not asked:
        if len(document) != 1:
            return {}
        document, asked = document[0], (0,)
    elif asked[0] is None or asked[0] == 0:
        many = isinstance(document, list) and len(asked) == 1
        document = (document[0] if len(document) == 1 else None) if many else document
    else:
        return {}
    prefix = asked[1:]
    found: dict[str, Any] = {}
    for name, path in _STATE.items():
        if path[: len(prefix)] == prefix:
            values = select(document, path[len(prefix) :])
            if values:
                found[name] = values[0]
    return found


def _from_template(form: str, text: str) -> dict[str, Any]:
    whole = re.fullmatch(r"\s*\{\{\s*json\s+\.([\w.]*)\s*\}\}\s*", form)
    if whole is not None:
        path = tuple(part for part in whole[1].split(".") if part)
        return _from_json((0, *path), read_json(text))
    rows = template_rows(form, text)
    if len(rows) != 1:
        return {}
    by_path = {".".join(path): name for name, path in _STATE.items()}
    return {by_path[field]: value for field, value in rows[0].items() if field in by_path}


def template_rows(form: str, text: str) -> list[dict[str, str]]:
    """The lines of an output printed by a Go template of plain fields, each as field path to text; none when it has more than those."""
    pieces = re.split(r"\{\{\s*(?:json\s+)?\.([\w.]+)\s*\}\}", form.replace("\\t", "\t").replace("\\n", "\n"))
    if len(pieces) < 3 or any("{{" in literal for literal in pieces[::2]) or "\n" in "".join(pieces).strip("\n"):
        return []
    literals = [piece.strip("\n") for piece in pieces[::2]]
    cut = (_cut(line, literals) for line in text.splitlines() if line.strip())
    return [dict(zip(pieces[1::2], values, strict=True)) for values in cut if values is not None]


def _cut(line: str, literals: list[str]) -> list[str] | None:
    """The pieces of a line between the literals of a template; None when it does not have them."""
    if not line.startswith(literals[0]) or not line.endswith(literals[-1]):
        return None
    at, values = len(literals[0]), []
    for literal in literals[1:-1]:
        found = line.find(literal, at)
        if found < 0 or not literal:
            return None
        values.append(line[at:found].strip('"'))
        at = found + len(literal)
    end = len(line) - len(literals[-1])
    return [*values, line[at:end].strip('"')] if end >= at else None


def _known_values(found: Mapping[str, Any]) -> Found:
    """Values of the right kind; text from a template is read, "never" is left out."""
    known: Found = {}
    for name, value in found.items():
        if name in _TIMES:
            moment = moment_of(value)
            known |= {} if moment is None else {name: moment}
        elif name in ("container.exit_code", "container.restarts"):
            known |= {name: int(value)} if re.fullmatch(r"-?\d{1,9}", str(value), re.ASCII) else {}
        elif name in ("container.running", "container.restarting", "container.oom_killed"):
            known |= {name: str(value).lower() == "true"} if str(value).lower() in ("true", "false") else {}
        elif isinstance(value, str) and value != "<no value>":
            known[name] = value
    return known


def listed(pipeline: Pipeline, output: Output) -> Found:
    """`docker ps` with or without -a, a name filter and a --format."""
    stage = pipeline[0]
    rows = _rows(stage, output.stdout)
    if rows is None or output.exit_code != 0:
        return {}
    return _summary(rows) | _subject(
        rows, _name_filter(stage), everything="-a" in stage.words or "--all" in stage.words
    )


def composed(pipeline: Pipeline, output: Output) -> Found:
    """`docker compose ps [service]`."""
    stage = pipeline[0]
    rows = _rows(stage, output.stdout)
    if rows is None or output.exit_code != 0:
        return {}
    at = stage.words.index("ps")
    named = [word for word in stage.words[at + 1 :] if word is not None and not word.startswith("-")]
    return _summary(rows) | _subject(rows, named[0] if len(named) == 1 else None, everything="-a" in stage.words)


def _rows(stage: Stage, text: str) -> list[dict[str, str]] | None:
    """Rows with NAME and STATUS, however they were printed; None when the form leaves either out."""
    form = stage.option("--format") or ""
    if form in ("json", "{{json .}}"):
        document = read_json(text)
        if document is None and text.strip():
            return None
        entries = document if isinstance(document, list) else [document] if isinstance(document, dict) else []
        flat = [item for entry in entries for item in (entry if isinstance(entry, list) else [entry])]
        rows = [{str(k).upper(): str(v) for k, v in entry.items()} for entry in flat if isinstance(entry, dict)]
    elif form.startswith("{{") or (form and not form.startswith("table")):
        fields = re.findall(r"\{\{\s*\.(\w+)\s*\}\}", form)
        if not {"Names", "Name"} & set(fields) or "Status" not in fields:
            return None
        rows = [{k.upper(): v for k, v in row.items()} for row in template_rows(form, text)]
        if len(rows) != sum(1 for line in text.splitlines() if line.strip()):
            return None
    else:
        heading = "NAMES" if "NAMES" in text else "NAME"
        if heading not in text or "STATUS" not in text:
            return None
        rows = rows_of(text, (heading, "STATUS"))
    return [
        {"NAME": cells(row, "NAMES", "NAME"), "SERVICE": row.get("SERVICE", ""), "STATUS": row.get("STATUS", "")}
        for row in rows
    ]


_STATES: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("paused", lambda text: "(paused)" in text),
    ("running", lambda text: text.startswith(("up", "running"))),
    ("restarting", lambda text: text.startswith("restarting")),
    ("exited", lambda text: text.startswith("exited")),
    ("created", lambda text: text.startswith("created")),
    ("dead", lambda text: text.startswith("dead")),
    ("removing", lambda text: text.startswith("removal")),
)


def state_of(status: str) -> str:
    """The state behind a status text such as `Up 3 minutes (healthy)`; empty when it is none of Docker's."""
    lower = status.strip().lower()
    return next((state for state, fits in _STATES if fits(lower)), "")


def _summary(rows: list[dict[str, str]]) -> Found:
    by_state: dict[str, list[str]] = {}
    for row in rows:
        by_state.setdefault(state_of(row["STATUS"]), []).append(row["NAME"])
    return {
        "containers.names": tuple(row["NAME"] for row in rows),
        "containers.restarting": tuple(by_state.get("restarting", ())),
        "containers.exited": (*by_state.get("exited", ()), *by_state.get("dead", ())),
        "containers.unhealthy": tuple(row["NAME"] for row in rows if "(unhealthy)" in row["STATUS"].lower()),
    }


def _subject(rows: list[dict[str, str]], name: str | None, *, everything: bool) -> Found:
    """The facts about the one container that was asked for; none when several rows could be meant or the name is not known.

    A name fits a row as a whole, or as the service in Compose's `project-service-1`.
    """
    if name is None:
        return {}
    if not rows:
        absent: Found = {"container.running": False}
        return absent | {"container.status": "missing"} if everything else absent
    chosen = [row for row in rows if name and name in (row["NAME"], row["SERVICE"])] or [
        row for row in rows if name and re.search(rf"[-_]{re.escape(name)}(?:[-_]\d+)?\Z", row["NAME"])
    ]
    if len(chosen) != 1:
        return {}
    status = chosen[0]["STATUS"]
    state = state_of(status)
    if not state:
        return {}
    found: Found = {"container.status": state, "container.running": state in ("running", "paused")}
    code = re.match(r"(?:exited|restarting) \((\d{1,3})\)", status.strip(), re.IGNORECASE)
    health = re.search(r"\((healthy|unhealthy|health: starting)\)", status)
    found |= {"container.exit_code": int(code[1])} if code else {}
    found |= {"container.health": health[1].removeprefix("health: ")} if health else {}
    return found


def _name_filter(stage: Stage) -> str | None:
    """The name of `--filter name=X`; Docker takes it as a pattern, so only a plain name or an anchored one is kept."""
    for at, word in enumerate(stage.words):
        value = stage.words[at + 1] or "name=" if word in ("--filter", "-f") and at + 1 < len(stage.words) else None
        value = word.partition("=")[2] if word is not None and word.startswith("--filter=") else value
        if value is not None and value.startswith("name="):
            plain = value.removeprefix("name=").removeprefix("^").removeprefix("/").removesuffix("$")
            return plain if re.fullmatch(r"[\w.-]+", plain, re.ASCII) else ""
    return None
