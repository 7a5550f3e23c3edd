"""Facts that take more than a pattern: disks, memory, HTTP answers, rankings, logs, Redis memory.

Called by `packs` for the rows that name one of these readers. Each takes the pipeline and its output and gives what it is sure of.
"""

from __future__ import annotations

import re

from firstfive.shell.facts.jsonpath import read_json
from firstfive.shell.facts.model import Output
from firstfive.shell.facts.shape import Pipeline
from firstfive.shell.facts.tables import rows_of

Found = dict[str, object]

_MOST_NAMES = 1000
LONGEST_LOG = 32_768  # characters of a log that stay in a fact, and so on the timeline
_NO_DISKS = re.compile(r"tmpfs|devtmpfs|udev|efivarfs|squashfs|overlay|shm|none|/dev/loop\d+", re.ASCII)


def disks(_: Pipeline, output: Output) -> Found:
    """`df`: the fullest real file system, and each mount with its use. A single row counts whatever it is."""
    rows = rows_of(output.stdout, ("FILESYSTEM", "MOUNTED ON"))
    used: list[tuple[float, str]] = []
    for row in rows:
        share = re.fullmatch(r"(\d{1,3})%", row.get("USE%", row.get("CAPACITY", row.get("IUSE%", ""))), re.ASCII)
        if share and (len(rows) == 1 or not _NO_DISKS.fullmatch(row["FILESYSTEM"])):
            used.append((float(share[1]), row["MOUNTED ON"]))
    if not used:
        return {}
    prefix = "disk.inodes" if "IUSE%" in output.stdout.upper() else "disk"
    worst = max(used)
    found: Found = {f"{prefix}.used_pct": worst[0]}
    if prefix == "disk":
        found |= {"disk.fullest": worst[1], "disk.mounts": tuple(f"{mount} {share:g}%" for share, mount in used)}
    return found


_UNITS = {"": 1.0, "b": 1.0, "k": 1024.0, "m": 1024.0**2, "g": 1024.0**3, "t": 1024.0**4}


def _size(text: str) -> float | None:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([BKMGT]?)i?B?", text, re.ASCII | re.IGNORECASE)
    return float(found[1]) * _UNITS[found[2].lower()] if found else None


def memory(_: Pipeline, output: Output) -> Found:
    """`free`: how much of the memory is not available, and how much of the swap is used."""
    head = re.search(r"^[ \t]+total[ \t]+used[ \t]+free\b.*available", output.stdout, re.MULTILINE)
    line = re.search(r"^Mem:[ \t]+(.*)$", output.stdout, re.MULTILINE)
    if head is None or line is None:
        return {}
    sizes = [_size(word) for word in line[1].split()]
    total, available = (sizes[0], sizes[-1]) if len(sizes) >= 6 else (None, None)
    if not total or available is None:
        return {}
    found: Found = {"memory.used_pct": round(100 * (total - available) / total, 1)}
    swap = re.search(r"^Swap:[ \t]+(\S+)[ \t]+(\S+)", output.stdout, re.MULTILINE)
    whole, used = (_size(swap[1]), _size(swap[2])) if swap else (None, None)
    if whole and used is not None:
        found["swap.used_pct"] = round(100 * used / whole, 1)
    return found


_STATUS_LINES = (
    re.compile(r"^(?:< )?HTTP/[\d.]{1,4} (\d{3})\b", re.MULTILINE | re.ASCII),
    re.compile(r"The requested URL returned error: (\d{3})\b", re.ASCII),
)
_NOT_CURL = re.compile(r"OCI runtime exec|executable file not found|No such container|is not running|command not found")


def http(pipeline: Pipeline, output: Output) -> Found:
    """`curl`: its exit code, the last HTTP status that shows anywhere, and whether the server answered at all.

    Exit codes are curl's own: 6 no name, 7 refused, 22 a status of 400 or more under -f, 28 too late.
    """
    if output.exit_code in (125, 126, 127) or (output.exit_code and _NOT_CURL.search(output.stderr)):
        return {}
    found: Found = {"http.exit": output.exit_code}
    stage = pipeline[0]
    written = stage.option("-w", "--write-out") or ""
    statuses = [code for form in _STATUS_LINES for code in form.findall(output.both)]
    if "%{http_code}" in written or "%{response_code}" in written:
        statuses += re.findall(r"(?<!\d)([1-5]\d\d)(?!\d)", output.stdout[-200:])[-1:]
    if statuses:
        found["http.status"] = int(statuses[-1])
    fails = any(re.fullmatch(r"-[A-Za-z]*f[A-Za-z]*|--fail|--fail-with-body", word) for word in stage.known)
    if statuses:
        found["http.ok"] = 200 <= int(statuses[-1]) < 400 and output.exit_code == 0
    elif output.exit_code:
        found["http.ok"] = False
    elif fails:
        found["http.ok"] = True
    found["http.answered"] = output.exit_code == 0 or output.exit_code == 22 or bool(statuses)
    return found | _payment(pipeline, output)


def _payment(pipeline: Pipeline, output: Output) -> Found:
    """SHKeeper answers 200 to a bad key and says so in the body only."""
    stage = pipeline[0]
    sent = any("x-shkeeper-api-key" in word.lower() for word in stage.known) or None in stage.words
    about = any("shkeeper" in word.lower() for word in stage.known) or None in stage.words
    if not about:
        return {}
    if re.search(r"Bad API key|No API key", output.stdout):
        return {"shkeeper.key_ok": False}
    document = read_json(output.stdout)
    if sent and isinstance(document, dict) and document.get("status") == "success" and "invoices" in document:
        return {"shkeeper.key_ok": True}
    return {}


def log(_: Pipeline, output: Output) -> Found:
    """The text of a log, its end kept, for the page's own symptoms to be looked for in. Docker writes logs to both streams."""
    text = output.both
    if output.exit_code != 0 and not output.stdout.strip():
        return {}
    return {"logs.text": text[-LONGEST_LOG:], "logs.lines": sum(1 for line in text.splitlines() if line.strip())}


def ranking(pipeline: Pipeline, output: Output) -> Found:
    """`... | uniq -c | sort -rn | head`: who comes first, how often, and the whole ranking. Needs the sort to be by number, downwards."""
    names = [stage.program for stage in pipeline]
    if "uniq" not in names or "-c" not in pipeline[names.index("uniq")].words:
        return {}
    behind = pipeline[names.index("uniq") + 1 :]
    if not behind or behind[0].program != "sort" or any(stage.program not in ("sort", "head") for stage in behind):
        return {}
    flags = "".join(word[1:] for word in behind[0].known if re.fullmatch(r"-[a-z]+", word))
    flags += "n" if "--numeric-sort" in behind[0].words else ""
    flags += "r" if "--reverse" in behind[0].words else ""
    pairs = [line.strip().partition(" ") for line in output.stdout.splitlines()]
    rows = [(int(count), name) for count, _, name in pairs if name and re.fullmatch(r"\d{1,12}", count, re.ASCII)]
    if "n" not in flags or "r" not in flags or not rows:
        return {}
    return {
        "top.first": rows[0][1],
        "top.count": rows[0][0],
        "top.names": tuple(name for _, name in rows[:_MOST_NAMES]),
    }


def counted(_: Pipeline, output: Output) -> Found:
    """`grep -c` and `wc -l` on one input. grep exits with 1 when it counted none; 2 is an error."""
    found = re.fullmatch(r"\s*(\d{1,12})\s*", output.stdout, re.ASCII)
    return {"lines.count": int(found[1])} if found and output.exit_code in (0, 1) else {}


def redis_memory(_: Pipeline, output: Output) -> Found:
    """`INFO` or `INFO memory`: full means that a limit is set and reached."""
    fields = dict(re.findall(r"^(\w+):([^\r\n]*)\r?$", output.stdout, re.MULTILINE | re.ASCII))
    used, most = fields.get("used_memory", ""), fields.get("maxmemory", "")
    found: Found = {}
    if used.isdigit():
        found["redis.used_memory"] = int(used)
    if used.isdigit() and most.isdigit():
        found["redis.maxmemory"] = int(most)
        found["redis.memory_full"] = int(most) > 0 and int(used) >= int(most) * 0.99
    if "maxmemory_policy" in fields:
        found["redis.policy"] = fields["maxmemory_policy"]
    return found
