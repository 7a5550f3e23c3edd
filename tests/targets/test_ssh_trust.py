"""Whom the ssh target trusts, and what it takes from ssh_config. Real sshd, real keys."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from firstfive.errors import Exit, FirstfiveError
from firstfive.targets.ssh import Ssh
from sshd.server import Bench, keygen

from .conftest import SHORT, a_run, ask, over_ssh


def _refusal(host: Bench, folder: Path, known: Path | None = None) -> FirstfiveError:
    target = Ssh(name="prod", host="prod", workdir=str(folder), config_file=host.config, known_hosts=known)
    with pytest.raises(FirstfiveError) as told:
        ask(target, lambda t: t.run(a_run("touch ran")))
    assert not (folder / "ran").exists()
    assert told.value.exit_code is Exit.TARGET_UNREACHABLE
    return told.value


def _fingerprint(key: Path) -> str:
    shown = subprocess.run(["ssh-keygen", "-lf", str(key)], capture_output=True, text=True, check=True).stdout
    return shown.split()[1]


def test_an_unknown_host_key_is_refused_with_its_fingerprint(fragile: Bench, tmp_path: Path) -> None:
    fragile.known.write_text("")
    told = _refusal(fragile, tmp_path)
    assert "not known" in told.what
    assert _fingerprint(fragile.server.host_key) in told.what
    assert f"ssh -F {fragile.config} prod true" in told.remedy


def test_a_wrong_host_key_is_refused_loudly(fragile: Bench, tmp_path: Path) -> None:
    other = keygen(tmp_path / "other").with_suffix(".pub").read_text().split()[1]
    fragile.known.write_text(fragile.server.public().rsplit(" ", 1)[0] + f" {other}\n")
    told = _refusal(fragile, tmp_path)
    assert "NOT THE KNOWN ONE" in told.what
    assert _fingerprint(fragile.server.host_key) in told.what


def test_a_configuration_that_switches_the_check_off_is_refused(fragile: Bench, tmp_path: Path) -> None:
    text = fragile.config.read_text().replace(str(fragile.known), "none") + "  StrictHostKeyChecking no\n"
    fragile.config.write_text(text)
    assert "would not be checked" in _refusal(fragile, tmp_path).what


def test_a_key_that_is_not_allowed_is_told(fragile: Bench, tmp_path: Path) -> None:
    fragile.config.write_text(fragile.config.read_text().replace(str(fragile.key), str(keygen(tmp_path / "stranger"))))
    assert "nobody was let in" in _refusal(fragile, tmp_path).what


def test_known_hosts_of_the_settings_replace_those_of_the_configuration(host: Bench, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    assert "not known" in _refusal(host, tmp_path, empty).what


def test_included_and_matched_configuration_is_honoured(host: Bench, tmp_path: Path) -> None:
    port = host.server.port
    inner = tmp_path / "inner"
    inner.write_text(host.config.read_text().replace("Host prod", "Host other").replace(f"Port {port}", "Port 1"))
    outer = tmp_path / "outer"
    outer.write_text(f"Match host other\n  Port {port}\nInclude {inner}\n")
    target = Ssh(name="x", host="other", workdir=str(tmp_path), config_file=outer)
    assert ask(target, lambda t: t.look("echo in", timeout=SHORT)).text == "in\n"


def test_nothing_of_ours_is_forwarded(host: Bench, tmp_path: Path) -> None:
    script = 'echo "[$SSH_AUTH_SOCK][$DISPLAY][$SSH_CONNECTION]"'
    assert ask(over_ssh(host, tmp_path), lambda t: t.look(script, timeout=SHORT)).text == "[][][]\n"


def test_the_env_file_of_the_host_is_read_there_and_never_executed(host: Bench, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# comment\nA=1\nexport B=\"two words\"\nC='$(touch pwned)'\nD=$(touch pwned)\nbad-name=x\nnothing\r\nE=last\r"
    )
    target = Ssh(
        name="prod",
        host="prod",
        workdir=str(tmp_path),
        config_file=host.config,
        env_file=str(tmp_path / ".env"),
        environment={"A": "ours"},
    )
    shown = ask(target, lambda t: t.look('printf "%s|" "$A" "$B" "$C" "$D" "$E"', timeout=SHORT))
    assert shown.stdout == "ours|two words|$(touch pwned)|$(touch pwned)|last|"
    assert not (tmp_path / "pwned").exists()


def test_a_socket_of_the_host_is_reached_through_a_socket_here(host: Bench, tmp_path: Path) -> None:
    async def through() -> bytes:
        async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")
            writer.close()

        there = await asyncio.start_unix_server(greet, str(tmp_path / "docker.sock"))
        target = over_ssh(host, tmp_path)
        await target.warm()
        path = await target.forward(str(tmp_path / "docker.sock"))
        reader, writer = await asyncio.open_unix_connection(str(path))
        said = await reader.read()
        writer.close()
        await target.close()
        there.close()
        return said

    assert asyncio.run(through()) == b"hello"


def test_start_up_files_that_talk_or_hurt_do_not_reach_a_step(host: Bench, tmp_path: Path) -> None:
    script = "shopt -q login_shell && echo login; alias; echo end"
    assert ask(over_ssh(host, tmp_path), lambda t: t.look(script, timeout=SHORT)).text == "end\n"
