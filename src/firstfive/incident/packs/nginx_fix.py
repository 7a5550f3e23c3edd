"""The mend of a WebSocket location: the lines to write, as a diff and as a script that tests, reloads, and can go back.

Asked with what `nginx` found. Edits only a file that is still exactly what was looked at, and leaves every other line as it is.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from firstfive.errors import Refused
from firstfive.incident.packs.nginx import Finding
from firstfive.incident.packs.packed import STRICT, Packed, quoted

BACKUPS = "/var/backups/firstfive"  # not beside the file: nginx may include every file of that folder
TIMEOUT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One file before and after. `replaced` are lines by number (1-based) with their new text, `added` lines put behind one."""

    file: str
    before: str
    after: str
    replaced: tuple[tuple[int, str], ...]
    added: tuple[tuple[int, tuple[str, ...]], ...]

    @property
    def diff(self) -> str:
        """The edit as a unified diff."""
        old, new = self.before.splitlines(keepends=True), self.after.splitlines(keepends=True)
        return "".join(difflib.unified_diff(old, new, self.file, self.file))


def edit(findings: Sequence[Finding], text: str) -> Edit:
    """What the findings of one file ask for, in its `text`.

    Raises:
        Refused: when the lines are not written one directive a line; then a person edits, and the wanted lines stand in the finding.
    """
    file = findings[0].location.file
    lines = text.split("\n")
    replaced: dict[int, str] = {}
    added: dict[int, tuple[str, ...]] = {}
    for finding in findings:
        start = finding.location.line
        if finding.location.file != file or start > len(lines) or not re.search(r"\{\s*(#.*)?$", lines[start - 1]):
            raise _by_hand(finding, f"the location at {finding.place} is not opened at the end of its line")
        indent = _indent(finding, lines)
        for wanted in finding.wanted:
            if wanted.instead is None:
                added[start] = (*added.get(start, ()), indent + wanted.line)
                continue
            number = wanted.instead.line
            own = wanted.instead.file == file and re.fullmatch(
                rf"(\s*){wanted.instead.name}\s[^;]*;\s*(#.*)?", lines[number - 1]
            )
            if not own:
                raise _by_hand(finding, f"{wanted.instead.file}:{number} holds more than this directive")
            replaced[number] = own[1] + wanted.line
    after = [part for n, line in enumerate(lines, 1) for part in (replaced.get(n, line), *added.get(n, ()))]
    return Edit(
        file=file,
        before=text,
        after="\n".join(after),
        replaced=tuple(sorted(replaced.items())),
        added=tuple(sorted(added.items())),
    )


def fix(change: Edit, *, path: str = "", nginx: Sequence[str] = ("nginx",), backups: str = BACKUPS) -> Packed:
    """The edit as a script. `path` is where the file lies on the host, when that is not where nginx sees it; `nginx` are the words that
    call it (`docker exec NAME nginx` for one in a container); `backups` is a folder of the host.

    Raises:
        Refused: when nothing is to be changed, or a path is none.
    """
    path = path or change.file
    if not path.startswith("/") or not backups.startswith("/") or ".." in path.split("/"):
        raise Refused(f"{path!a} is no absolute path of a file", remedy="give the path from / on, without ..")
    if change.before == change.after:
        raise Refused(f"there is nothing to change in {path}", remedy="it stands already")
    old, new = _sha256(change.before), _sha256(change.after)
    call = " ".join(quoted(word) for word in nginx)
    backup = quoted(f"{backups}/{re.sub('[^A-Za-z0-9._-]', '_', path.strip('/'))}.{old[:12]}")
    head = f'{STRICT}\nfile={quoted(path)}\nbackup={backup}\nhas=$(sha256sum <"$file")\nhas=${{has%% *}}\n'
    return Packed(
        name="nginx-websocket",
        script=f"{head}{_forth(change, call, quoted(backups), old=old, new=new)}",
        undo=f"{head}{_back(call, old=old, new=new)}",
        verify=f'{head}if [ "$has" != {new} ]; then exit 1; fi\n{call} -t\n',
        why=f"nginx passes WebSocket connections of {change.file} on and keeps them while they are quiet",
        timeout=TIMEOUT,
        warnings=(
            "a reload keeps open connections at the old configuration until they close",
            "a file that a deploy writes again loses the change: make it there too",
        ),
    )


def _forth(change: Edit, call: str, backups: str, *, old: str, new: str) -> str:
    return f"""{call} -t
if [ "$has" = {new} ]; then echo "it stands already"; exit 0; fi
if [ "$has" != {old} ]; then echo "$file is not what was looked at any more: look again" >&2; exit 1; fi
mkdir -p -m 0700 -- {backups}
cp -p -- "$file" "$backup"
sed -f /dev/stdin -- "$backup" >"$backup.new" <<'EDIT'
{_sed(change)}
EDIT
printf '%s  %s\\n' {new} "$backup.new" | sha256sum --check --strict --quiet
# Written into the file that is there, not put in its place: a file that is mounted into a container would stay the old one.
cat -- "$backup.new" >"$file"
if ! {call} -t; then
  cat -- "$backup" >"$file"
  echo "nginx does not take it: $file is as it was" >&2
  exit 1
fi
{call} -s reload
"""


def _back(call: str, *, old: str, new: str) -> str:
    return f"""if [ "$has" = {old} ]; then echo "it is as it was"; exit 0; fi
if [ "$has" != {new} ]; then echo "$file was changed since: the text from before is in $backup" >&2; exit 1; fi
cat -- "$backup" >"$file"
{call} -t
{call} -s reload
"""


def _sed(change: Edit) -> str:
    parts = [f"{number}c\\\n{_literal(line)}" for number, line in change.replaced]
    parts += [f"{number}a\\\n" + "\\\n".join(_literal(line) for line in lines) for number, lines in change.added]
    return "\n".join(parts)


def _literal(line: str) -> str:
    return line.replace("\\", "\\\\")


def _indent(finding: Finding, lines: Sequence[str]) -> str:
    """As the location's own first line is indented, else one step deeper than the location."""
    for inner in finding.location.block or ():
        if inner.file == finding.location.file and inner.line > finding.location.line:
            found = re.match(r"[ \t]*", lines[inner.line - 1])
            return found[0] if found else ""
    outer = re.match(r"[ \t]*", lines[finding.location.line - 1])
    return (outer[0] if outer else "") + "    "


def _by_hand(finding: Finding, why: str) -> Refused:
    wanted = " ".join(w.line for w in finding.wanted)
    return Refused(
        f"{why}: it is not edited by a script", remedy=f"write into the location at {finding.place} by hand: {wanted}"
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
