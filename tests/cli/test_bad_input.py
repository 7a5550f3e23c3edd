"""Whatever is wrong around a command: one clear error with a remedy, no traceback, nothing lost."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cli.door import ALONE, ROOT, Ask, Said, argv, environment, page, process
from firstfive.cli.quick import UNWATCHED

NOBODY = 65534
RUNBOOK = "# Incident Response\n\n## 3.1 Web down\n\n```bash\nls\n```\n"
FEW = 'an incident page is text of a few hundred lines; name the right one with page = "..." in firstfive.toml'


def one_clear_error(said: Said) -> None:
    """An error with a remedy and nothing that only a programmer reads."""
    assert said.code != 0
    text = said.err.removeprefix(ALONE)
    assert text.startswith("error: "), said.err
    assert "\n  help: " in text
    assert text.count("error: ") == 1
    assert "Traceback" not in said.err
    assert "this should not happen" not in said.err


# ----------------------------------------------------------------------------------------------------- vault and page

VAULTS = [
    pytest.param(
        {"firstfive.toml": ""},
        7,
        "FF001 there is no page in the vault\n  help: point page = at a Markdown file",
        id="no page",
    ),
    pytest.param(
        {"Incident Response.md": "# Incident\n\nwords\n"},
        7,
        "FF001 nothing on the page was understood\n  --> Incident Response.md\n"
        "  help: a page needs at least one of: a severity table, a first-five list, a runbook with a bash fence, contacts",
        id="a page of words",
    ),
    pytest.param(
        {"Incident Response.md": b"# Incident \xff\xfe\n"},
        7,
        "FF002 the page is not UTF-8: byte 0xff\n  --> Incident Response.md:1:12\n  help: save the page as UTF-8 text",
        id="not UTF-8",
    ),
    pytest.param(
        {"Incident Response.md": b"x" * 50_000_000},
        7,
        f"FF001 the page cannot be read: larger than 5 MB\n  --> {{vault}}/Incident Response.md\n  help: {FEW}",
        id="50 MB",
    ),
    pytest.param(
        {"Incident Response.md": RUNBOOK, "firstfive.toml": 'page = "Other.md"\n'},
        7,
        "FF001 the vault has no page Other.md\n  --> {vault}\n  help: set page in firstfive.toml",
        id="the page that settings name is not there",
    ),
]


@pytest.mark.parametrize(("files", "code", "message"), VAULTS)
@pytest.mark.parametrize(
    "words",
    [("check",), ("explain", "3.1"), ("status",), ("declare", "x")],
    ids=["check", "explain", "status", "declare"],
)
def test_a_vault_without_a_page_to_work_with(
    ask: Ask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str | bytes],
    code: int,
    message: str,
    words: tuple[str, ...],
) -> None:
    for name, text in files.items():
        page(tmp_path, text, name)
    monkeypatch.chdir(tmp_path)
    said = ask(*words)
    one_clear_error(said)
    assert (said.code, said.out) == (code, "")
    assert said.err.removeprefix(ALONE) == f"error: {message.format(vault=tmp_path)}\n"
    assert not (tmp_path / ".firstfive" / "journal.db").exists(), "nothing is begun on a page that cannot be used"


PAGES = [
    pytest.param(RUNBOOK, 0, "warning FF005", id="no matrix: said, and incidents are declared by hand"),
    pytest.param(
        "# Incident\n\n## Severity matrix\n\n| Sev | Meaning | Response time |\n|--|\n| 1 | x |\n",
        7,
        "FF001 nothing on the page was understood",
        id="a broken table and nothing else",
    ),
    pytest.param(
        RUNBOOK + "\n## Severity matrix\n\n| Sev | Meaning | Response time |\n|--|\n| 1 | x |\n",
        0,
        "warning FF005",
        id="a broken table beside a runbook: the runbook still counts",
    ),
    pytest.param(
        "# Incident\n\n## 3.1 Web down\n\n```bash\nls\n",
        7,
        "= help: close it with a line of as many backticks",
        id="an unclosed fence",
    ),
]


@pytest.mark.parametrize(("text", "code", "said_so"), PAGES)
def test_a_page_with_something_wrong_on_it(ask: Ask, tmp_path: Path, text: str, code: int, said_so: str) -> None:
    page(tmp_path, text)
    said = ask("check", str(tmp_path))
    assert said.code == code
    assert said_so in said.out + said.err


OUTSIDE = (
    "error: there is no firstfive.toml here or above, and no page here\n  --> {here}\n"
    "  help: go to the folder of the vault, or name it: --vault PATH, or its firstfive.toml in $FIRSTFIVE_CONFIG\n"
)


@pytest.mark.parametrize("words", [("status",), ("check",), ("declare", "x"), ("verify",), ("doctor",), ("oncall",)])
def test_outside_of_a_vault_nothing_is_looked_through(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    (tmp_path / "deep").mkdir()
    page(tmp_path / "deep", RUNBOOK)
    monkeypatch.chdir(tmp_path)
    said = ask(*words)
    assert (said.code, said.out, said.err.removeprefix(ALONE)) == (2, "", OUTSIDE.format(here=tmp_path))
    assert [inner.name for inner in tmp_path.iterdir()] == ["deep"], "nothing is begun there"
    assert ask("status", "--vault", "deep").out == "No open incident.\n"


@pytest.mark.parametrize(
    ("risk", "told"),
    [
        ("frobnicate = 1", "error: the risk claims have an unknown part: frobnicate\n  --> {file}, [risk]\n"),
        (
            'cmd.keeper = "frobnicate"',
            "error: the risk table says 'frobnicate'\n  --> {file}, [risk] keeper\n",
        ),
    ],
)
def test_a_slip_in_the_claims_names_its_file(ask: Ask, vault: Path, risk: str, told: str) -> None:
    file = vault / "firstfive.toml"
    file.write_text(f'page = "Incident Response.md"\n[risk]\n{risk}\n')
    for words in (("check",), ("status", "--all"), ("fmt",)):
        said = ask(*words)
        one_clear_error(said)
        assert said.code == 2
        assert said.err.startswith(told.format(file=file)), said.err


def test_a_file_that_is_there_is_a_conflict(ask: Ask, vault: Path) -> None:
    ask("declare", "x")
    (vault / "kept").write_text("mine")
    exported = ask("export", "--out", "kept")
    assert (exported.code, exported.err) == (
        8,
        "error: a file is there already, and none is written over\n  --> kept\n"
        "  help: give another name, or move that file away\n",
    )
    copied = ask("backup", "kept")
    assert (copied.code, copied.err) == (
        8,
        f"error: a copy is never written over\n  --> {vault}/kept\n  help: give another name, or remove it\n",
    )
    assert (vault / "kept").read_text() == "mine"
    assert ask("export", "INC-77", "--out", "other").code == 8


def test_a_path_below_a_file(ask: Ask, vault: Path) -> None:
    below = vault / "Incident Response.md" / "vault"
    for words in (("check", str(below)), ("status", "--vault", str(below))):
        said = ask(*words)
        one_clear_error(said)
        assert (said.code, said.err) == (
            2,
            f"error: there is no vault at {below}\n  help: give the folder of the vault, or the page itself\n",
        )


def test_settings_that_are_not_there(ask: Ask, vault: Path) -> None:
    said = ask("status", "--config", "nowhere.toml")
    one_clear_error(said)
    assert said.code == 2
    assert said.err == (
        "error: settings cannot be read: No such file or directory\n  --> nowhere.toml\n"
        "  help: check the path and its rights\n"
    )


def test_settings_with_a_slip(ask: Ask, vault: Path) -> None:
    (vault / "firstfive.toml").write_text("prot = 1\n")
    said = ask("check")
    one_clear_error(said)
    assert (said.code, said.err.splitlines()[:2]) == (
        2,
        ["error: there is no setting prot", f"  --> {vault}/firstfive.toml"],
    )


# ------------------------------------------------------------------------------------------------------------- rights


def as_nobody(*words: str, cwd: Path) -> Said:
    """The command as a user who owns nothing; modules are loaded, by one command elsewhere, before the rights are dropped."""
    warm = page(cwd.parent / "warm", RUNBOOK)
    program = (
        "import contextlib, io, os, sys\n"
        "from firstfive.__main__ import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    assert main(['status', '--all', '--vault', {str(warm)!r}]) == 0\n"
        f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=cwd,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Said(code=done.returncode, out=done.stdout, err=done.stderr.removeprefix(UNWATCHED))


@pytest.fixture
def open_vault(tmp_path_factory: pytest.TempPathFactory, vault: Path) -> Path:
    """A vault that another user can reach, if it lets them."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    for folder in (vault, *vault.parents):
        if folder.stat().st_uid == 0 and str(folder).startswith("/tmp/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    return vault


@pytest.mark.process
def test_a_folder_without_the_right_to_read(open_vault: Path) -> None:
    (open_vault / "inner").mkdir(mode=0o700)
    said = as_nobody("check", ".", cwd=open_vault)
    one_clear_error(said)
    assert said.err == (
        f"error: a folder of the vault cannot be read: Permission denied\n  --> {open_vault}/inner\n"
        "  help: give the user that runs Firstfive the right to read it\n"
    )


@pytest.mark.process
def test_a_vault_where_nothing_may_be_written(open_vault: Path) -> None:
    (open_vault / "firstfive.toml").rename(open_vault / "other.toml")
    made = as_nobody("init", cwd=open_vault)
    one_clear_error(made)
    assert made.err == (
        "error: the system refused: Permission denied\n  --> firstfive.toml\n"
        "  help: mend the path, its rights or the free space there, then ask again\n"
    )
    (open_vault / "other.toml").rename(open_vault / "firstfive.toml")
    said = as_nobody("declare", "x", cwd=open_vault)
    one_clear_error(said)
    assert "Permission denied" in said.err
    assert f"{open_vault}/.firstfive" in said.err


@pytest.mark.process
def test_a_page_without_the_right_to_read(open_vault: Path) -> None:
    (open_vault / "Incident Response.md").chmod(0o600)
    said = as_nobody("check", ".", cwd=open_vault)
    one_clear_error(said)
    assert said.code == 7
    assert said.err.startswith(
        "error: FF001 the page cannot be read: it cannot be opened: Permission denied\n"
        f"  --> {open_vault}/Incident Response.md\n"
    )


# ------------------------------------------------------------------------------------------------------------ journal


def test_a_journal_of_a_newer_version(ask: Ask, vault: Path) -> None:
    ask("declare", "the shop is shut")
    journal = vault / ".firstfive" / "journal.db"
    with closing(sqlite3.connect(journal)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()
    before = journal.read_bytes()
    for words in (("status", "--all"), ("declare", "y"), ("verify",), ("timeline", "INC-1", "--json")):
        said = ask(*words)
        one_clear_error(said)
        assert said.code == 1
        assert said.err.removeprefix(ALONE) == (
            "error: a newer version of Firstfive wrote this journal (schema 9999, known here up to 0008)\n"
            f"  --> {journal}\n"
            "  help: start that version again, or put back the copy that it made beside the journal (journal.db.at-*)\n"
        )
    assert journal.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"not a database, " * 100, "this file is not a journal"), (b"SQLite format 3\0" + b"\x00" * 4000, "")],
    ids=["some other file", "a damaged file"],
)
def test_a_journal_that_is_none(ask: Ask, vault: Path, content: bytes, message: str) -> None:
    (vault / ".firstfive").mkdir()
    journal = vault / ".firstfive" / "journal.db"
    journal.write_bytes(content)
    for words in (("status",), ("declare", "x"), ("verify",)):
        said = ask(*words)
        one_clear_error(said)
        assert message in said.err
        assert f"  --> {journal}" in said.err
    assert journal.read_bytes() == content


def test_a_journal_that_somebody_else_owns(ask: Ask, vault: Path) -> None:
    from firstfive.stores import ownership

    ask("declare", "the shop is shut")
    journal = vault / ".firstfive" / "journal.db"
    held = ownership.take(journal)
    try:
        said = ask("note", "INC-1", "hello")
    finally:
        os.close(held)
    one_clear_error(said)
    assert said.code == 8
    assert said.err.removeprefix(ALONE) == (
        f"error: process {os.getpid()} uses this journal\n  --> {journal}\n"
        "  help: use the server that runs already, or stop that process, or set another state folder\n"
    )
    assert ask("note", "INC-1", "hello").code == 0


@pytest.mark.parametrize("url", ["mysql://db/x", "journal.db"])
def test_a_kind_of_journal_that_is_not_known(ask: Ask, vault: Path, url: str) -> None:
    text = (vault / "firstfive.toml").read_text()
    (vault / "firstfive.toml").write_text(f'database = "{url}"\n{text}')
    said = ask("status")
    one_clear_error(said)
    assert said.err.endswith(
        "help: set database to a file (sqlite:///.firstfive/journal.db) or to postgresql://USER@HOST/NAME\n"
    )


def test_a_journal_named_relative_to_the_settings(ask: Ask, vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (vault / "firstfive.toml").read_text()
    (vault / "firstfive.toml").write_text(f'database = "sqlite:///kept.db"\n{text}')
    (vault / "notes").mkdir()
    monkeypatch.chdir(vault / "notes")
    assert ask("declare", "x").code == 0
    assert (vault / "kept.db").is_file()
    assert ask("status").out.startswith("INC-1 ")


# --------------------------------------------------------------------------------------------------------------- disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB; only root can make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or umount is None:
        pytest.skip("only root can mount a small disk")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], check=False).returncode:
        pytest.skip("this machine mounts nothing")
    yield disk
    subprocess.run([umount, str(disk)], check=True)


def fill(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"x" * 4096)
        except OSError:
            return


@pytest.mark.process
def test_a_full_disk_loses_nothing(vault: Path, small_disk: Path) -> None:
    text = (vault / "firstfive.toml").read_text()
    (vault / "firstfive.toml").write_text(f'state = "{small_disk}/state"\n{text}')
    assert process("declare", "the shop is shut", cwd=vault).code == 0
    fill(small_disk)
    said = process("note", "INC-1", "x" * 50_000, cwd=vault)
    one_clear_error(said)
    assert said.code == 1
    assert "error: the disk" in said.err
    (small_disk / "ballast").unlink()
    assert process("status", cwd=vault).out.startswith("INC-1  SEV-1  investigating  the shop is shut")
    assert process("note", "INC-1", "there is room again", cwd=vault).code == 0
    assert process("verify", cwd=vault).out == "Every chain holds.\n"


@pytest.mark.process
def test_a_disk_that_refuses_loses_nothing(vault: Path) -> None:
    assert process("declare", "the shop is shut", cwd=vault).code == 0
    largest = (vault / ".firstfive" / "journal.db").stat().st_size

    def starve() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    for taken in range(60):
        done = subprocess.run(
            argv("note", "INC-1", f"{taken} " + "x" * 9_000),
            cwd=vault,
            env=environment(PYTHONDONTWRITEBYTECODE="1"),
            preexec_fn=starve,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            break
    one_clear_error(Said(code=done.returncode, out=done.stdout, err=done.stderr))
    assert process("note", "INC-1", "there is room again", cwd=vault).code == 0
    assert process("verify", cwd=vault).out == "Every chain holds.\n"
    kept = process("timeline", "INC-1", "--json", cwd=vault).out
    assert all(f'"{number} xxx' in kept for number in range(taken)), "what was taken is still there"


@pytest.mark.process
def test_settings_are_not_half_written_on_a_full_disk(small_disk: Path) -> None:
    page(small_disk, RUNBOOK)
    fill(small_disk)
    said = process("init", str(small_disk), cwd=ROOT)
    one_clear_error(said)
    assert "No space left on device" in said.err
    assert not (small_disk / "firstfive.toml").exists()


# --------------------------------------------------------------------------------------------------------------- port


def test_a_port_in_use(ask: Ask, vault: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        said = ask("serve", "--port", str(port), "--json")
    one_clear_error(said)
    assert said.code == 8
    assert said.err == (
        f"error: the room cannot be opened on 127.0.0.1:{port}: Address already in use\n"
        "  help: another program (or another firstfive serve) has the port; stop it, or choose one with --port\n"
    )
    assert said.json["error"]["what"].endswith("Address already in use")
    assert not (vault / ".firstfive").exists(), "nothing was begun"


def test_a_room_open_to_the_network_is_refused(ask: Ask, vault: Path) -> None:
    (vault / "firstfive.toml").write_text('[listen]\nhost = "0.0.0.0"\n')
    said = ask("serve")
    one_clear_error(said)
    assert (said.code, said.err) == (
        6,
        "error: the room would be open to the network on 0.0.0.0, and what people type there could be read on the way\n"
        "  help: set [listen] tls_cert and tls_key, or behind_proxy = true with the proxy's address in proxies; "
        "or keep host at 127.0.0.1 and reach it through ssh -L\n",
    )


def test_serve_on_a_page_that_does_not_compile(ask: Ask, tmp_path: Path) -> None:
    page(tmp_path, "# Incident\n")
    said = ask("serve", "--vault", str(tmp_path), "--port", "0")
    one_clear_error(said)
    assert said.code == 7
