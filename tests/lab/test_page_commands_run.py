"""The page's commands on its own stack, with real programs: those that work do, those with a defect fail as said, the corrected ones and
the packs work.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

import pytest

from firstfive.incident.packs.account import disable
from firstfive.incident.packs.nginx import configuration_files, websocket_findings
from firstfive.incident.packs.nginx_fix import edit, fix
from firstfive.probes.upkeep.nginx_config import configuration
from lab.page_commands import ROWS, Outcome, Row
from lab.page_stack import SERVICES, Ran, Stack, page_stack
from page import original_page

pytestmark = [
    pytest.mark.process,
    pytest.mark.xdist_group("engine"),
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.geteuid() != 0, reason="the page's folders can be put up by root only"),
]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with page_stack() as made:
        yield made


def prints(pattern: str) -> Callable[[Ran], bool]:
    return lambda ran: ran.returncode == 0 and re.search(pattern, ran.stdout + ran.stderr) is not None


def fails(code: int, pattern: str) -> Callable[[Ran], bool]:
    return lambda ran: ran.returncode == code and re.search(pattern, ran.stdout + ran.stderr) is not None


# What the command as written does, and what the corrected one does.
SEEN: dict[int, tuple[Callable[[Ran], bool], Callable[[Ran], bool] | None]] = {
    48: (prints("User connected"), None),
    55: (prints('"OOMKilled": false'), None),
    61: (prints("^$"), prints("^$")),
    62: (fails(1, "no configuration file provided"), prints("nickapp-backend")),
    64: (prints("watchtower"), None),
    79: (prints("nickapp-mongodb"), None),
    82: (prints("ready"), None),
    86: (prints("/var/lib"), None),
    94: (prints("nickapp-mongodb"), None),
    97: (prints("ok: 1"), None),
    114: (prints("nickapp-redis"), None),
    117: (prints("Ready to accept connections"), None),
    118: (prints("nickapp-redis"), None),
    121: (prints("PONG"), prints(r"\APONG\s*\Z")),
    126: (fails(1, "no configuration file provided"), prints("nickapp-redis")),
    129: (prints("OK"), prints(r"\AOK\s*\Z")),
    144: (fails(22, "404"), prints('"status": "success"')),
    155: (prints("404"), None),
    159: (prints(r"\A(?!.*\d).*switched to db"), prints(r"\A3\s*\Z")),
    179: (prints(r"\Atrue\s*\Z"), None),
    206: (prints(r"\A[1-9]\d*\n"), None),
    209: (fails(124, "^$"), prints("socket.io")),
    223: (fails(1, "no configuration file provided"), prints("nickapp-nginx  Started")),
    236: (prints(r"\A\s*400 203\.0\.113\.7\n\s*20 198"), None),
    243: (prints("RATE_LIMIT_MAX=100"), None),
    246: (fails(1, "not a TTY"), None),
}


def test_each_row_is_run_or_says_why_not() -> None:
    assert {row.line for row in ROWS if not row.untried} == set(SEEN)


def test_only_decisions_and_what_has_tests_on_real_tools_of_its_own_are_left_out() -> None:
    assert {row.outcome for row in ROWS if row.untried} == {Outcome.GUIDED}


@pytest.mark.parametrize("row", [row for row in ROWS if not row.untried], ids=lambda row: f"line {row.line}")
def test_a_command_does_what_the_table_says(stack: Stack, row: Row) -> None:
    written, corrected = SEEN[row.line]
    stack.up()
    text = original_page().decode().split("\n")[row.line - 1 : row.lines.stop - 1]
    script = "\n".join(line for line in text if not line.startswith("#") or "//" in line)
    patience = 3 if row.line == 209 else 60
    ran = stack.run(script.replace("<previous-version>", "1.4.1"), patience=patience)
    assert written(ran), f"{ran.returncode}: {ran.stdout[-500:]}{ran.stderr[-500:]}"
    if row.outcome is Outcome.DEFECT and row.corrected:
        assert corrected is not None
        stack.up()
        ran = stack.run(row.corrected.replace("<previous-version>", "1.4.1"))
        assert corrected(ran), f"{ran.returncode}: {ran.stdout[-500:]}{ran.stderr[-500:]}"


def test_the_corrected_edit_turns_one_image_and_the_written_one_all(stack: Stack) -> None:
    changed = []
    (row,) = (row for row in ROWS if row.line == 61)
    for script in (original_page().decode().split("\n")[60], row.corrected):
        stack.up()
        assert stack.run(script.replace("<previous-version>", "1.4.1")).returncode == 0
        changed.append((stack.folder / "docker-compose.production.yml").read_text().count(":1.4.1"))
    assert changed == [len(SERVICES), 1]


def test_a_bad_redis_password_and_a_bad_mail_password_end_with_zero_all_the_same(stack: Stack) -> None:
    """Why a look's exit code alone proves nothing: the page's two checks say that all is well when it is not."""
    stack.up()
    redis = stack.run("REDISCLI_AUTH=wrong docker exec -e REDISCLI_AUTH nickapp-redis redis-cli PING")
    assert redis.returncode == 0
    assert "NOAUTH" in redis.stdout + redis.stderr
    lines = original_page().decode().split("\n")[178:187]
    mail = stack.run("\n".join(lines).replace("docker exec", "docker exec -e SMTP_PASS=wrong"))
    assert mail.returncode == 0
    assert "535" in mail.stdout + mail.stderr


def test_the_missing_upgrade_headers_and_the_short_timeout_are_found_and_mended(stack: Stack) -> None:
    stack.up()
    call = ("docker", "exec", "nickapp-nginx", "nginx")
    shown = stack.run(" ".join((*call, "-T")))
    findings = websocket_findings(configuration(shown.stdout))
    wanted = {line.line for finding in findings for line in finding.wanted}
    assert {"proxy_http_version 1.1;", "proxy_set_header Upgrade $http_upgrade;", "proxy_read_timeout 90s;"} <= wanted
    change = edit(findings, configuration_files(shown.stdout)["/etc/nginx/nginx.conf"])
    file = stack.folder / "nginx/conf/nginx.conf"
    packed = fix(change, path=str(file), nginx=call, backups=str(stack.folder / "backups"))
    before = file.read_text()
    for script in (packed.script, packed.verify):
        ran = stack.run(script)
        assert ran.returncode == 0, ran.stderr
    assert websocket_findings(configuration(stack.run(" ".join((*call, "-T"))).stdout)) == ()
    assert stack.run(packed.undo).returncode == 0
    assert file.read_text() == before


def test_the_account_of_the_page_is_disabled_by_the_pack_where_the_page_s_command_cannot(stack: Stack) -> None:
    stack.up()
    packed = disable("attacker@x.com", container="nickapp-mongodb", database="marketplace")
    ran = stack.run(packed.script)
    assert (ran.returncode, ran.stdout) == (0, "disabled\n"), ran.stderr
    assert stack.run(packed.verify).returncode == 0
    assert stack.run(packed.undo).returncode == 0
