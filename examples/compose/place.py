"""Where the lab lies, and how its commands are run. Read by the modules beside it; the environment may move all of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firstfive"
KEPT = CACHE / "lab"
RUN = Path(os.environ.get("FIRSTFIVE_LAB") or KEPT / "run")
ADDRESS = os.environ.get("LAB_ADDRESS", "127.84.0.1")
SUBNET = os.environ.get("LAB_SUBNET", "172.31.84.0/24")
REGISTRY = f"{ADDRESS}:5000"
REPOSITORY = f"{REGISTRY}/nickapp-backend"
RELEASE = "1.4.1"


class LabError(Exception):
    """What does not work, in a sentence, with what to do."""


def say(text: str) -> None:
    """To whoever started it."""
    print(text, file=sys.stderr, flush=True)


def ran(words: Sequence[str | Path], *, patience: float = 120, data: bytes | None = None, **more: object) -> str:
    """What a command prints. Raises LabError with its last words."""
    try:
        done = subprocess.run(  # type: ignore[call-overload]
            [str(word) for word in words], capture_output=True, input=data, timeout=patience, check=False, **more
        )
    except subprocess.TimeoutExpired:
        raise LabError(f"{words[0]} {words[1] if len(words) > 1 else ''} took longer than {patience:g} s") from None
    if done.returncode:
        told = (done.stderr or done.stdout).decode(errors="replace").strip()[-600:]
        raise LabError(f"{' '.join(str(w) for w in words[:4])} ended with {done.returncode}: {told}")
    return str(done.stdout.decode(errors="replace").strip())


def environment() -> dict[str, str]:
    """What a command inside needs to talk to the lab's engine and to trust its certificate."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
    found |= {"DOCKER_HOST": f"unix://{RUN / 'engine/docker.sock'}", "DOCKER_CONFIG": str(KEPT / "docker")}
    trusted = str(RUN / "authorities.pem")
    return found | {
        "SSL_CERT_FILE": trusted,
        "CURL_CA_BUNDLE": trusted,
        "PATH": f"{found.get('PATH', '')}:/usr/sbin:/sbin",
    }


def docker(*words: str, data: bytes | None = None) -> str:
    """`docker` on the lab's engine."""
    return ran(["docker", *words], data=data, env=environment())
