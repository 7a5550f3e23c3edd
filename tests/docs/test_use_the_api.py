"""What the how-to shows of the API is run against a real server, in the order of the page."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.door import environment
from docs.reading import ROOT, fences
from web.contract.served_contract import Vault, serving

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]
PAGE = ROOT / "docs" / "how-to" / "use-the-api.md"


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    with serving(tmp_path_factory.mktemp("docs") / "vault") as one:
        yield one


def ran(words: list[str], vault: Vault, cwd: Path) -> str:
    path = f"{Path(sys.executable).parent}:{environment()['PATH']}"
    env = environment(FIRSTFIVE_SERVER=vault.url, FIRSTFIVE_TOKEN=vault.key, PATH=path)
    done = subprocess.run(words, env=env, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_shell_s_part_works(vault: Vault, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    told = ran(["bash", "-euc", "\n".join(text for label, text in fences(PAGE) if label == "sh")], vault, tmp_path)
    assert "the nightly order does not go through" in told
    assert list(tmp_path.iterdir()) == []


def test_python_s_part_works(vault: Vault, tmp_path: Path) -> None:
    script = "\n".join(text for label, text in fences(PAGE) if label == "python")
    told = ran([sys.executable, "-c", script], vault, tmp_path)
    assert "the release check failed" in told
    assert "the page's matrix has no severity 9" in told
