"""An nginx configuration as nginx reads it, from the text that `nginx -T` prints.

Called by `app` with the output of that command; what it means is judged in `incident.packs.nginx`. Needs a folder for a moment, since
its reader takes files only; never looks at the files of this host.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from firstfive.errors import FirstfiveError
from firstfive.incident.packs.nginx import Directive, configuration_files, joined


def configuration(dump: str) -> tuple[Directive, ...]:
    """The whole configuration in what `nginx -T` printed, includes in their place, each directive with its own file and line.

    Raises:
        FirstfiveError: when there is no configuration in it, or one of its files cannot be read as one.
    """
    texts = configuration_files(dump)
    if not texts:
        raise FirstfiveError(
            "this is no nginx configuration",
            remedy="give what `nginx -T` prints: it begins with “# configuration file”",
        )
    return joined(next(iter(texts)), {name: _read(name, text) for name, text in texts.items()})


def _read(name: str, text: str) -> tuple[Directive, ...]:
    import crossplane  # type: ignore[import-untyped]  # heavy, and wanted by few

    with tempfile.TemporaryDirectory(prefix="firstfive-nginx-") as folder:
        path = Path(folder) / "file.conf"
        path.write_text(text, encoding="utf-8")
        # One file may begin inside any block: whether a directive may stand where it does is nginx's to say, and it has.
        read = crossplane.parse(str(path), single=True, check_ctx=False, check_args=False)
    for error in read["errors"]:
        raise FirstfiveError(str(error["error"]).replace(str(path), name), where=f"{name}:{error['line'] or 1}")
    return tuple(_directive(name, one) for one in read["config"][0]["parsed"])


def _directive(name: str, one: dict[str, Any]) -> Directive:
    block = tuple(_directive(name, inner) for inner in one["block"]) if "block" in one else None
    return Directive(name=one["directive"], args=tuple(one["args"]), file=name, line=one["line"], block=block)
