"""Logs of any size for the benches: the same bytes for the same seed, each minute made alone, any size a prefix of a larger one.

`mixed` is what a small Node shop writes (JSON lines, text lines, its proxy's access log; storms of connects every four hours);
`access` is the proxy's log alone (a brute force against the login every two hours). `patterns` makes the sets to look for.
Called by the other benches. Never writes outside the path it is given.
"""

from __future__ import annotations

import itertools
import random
import sys
from bisect import bisect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing import Pool
from pathlib import Path

START = datetime(2026, 3, 1, tzinfo=UTC)
SEED = 1
LINES, STORM_LINES = 5_000, 15_000
STATUSES = [200] * 80 + [304] * 8 + [201] * 3 + [401] * 2 + [404] * 3 + [499] * 2 + [500, 502]
PATHS = (
    ("/", 4),
    ("/api/health", 6),
    ("/api/products?page={h2}", 14),
    ("/api/products/{h24}", 12),
    ("/api/cart/{h24}", 9),
    ("/socket.io/?EIO=4&transport=polling&sid={h16}", 16),
    ("/api/orders", 6),
    ("/api/orders/{h24}", 4),
    ("/api/auth/login", 1),
    ("/api/notifications?after={h8}", 8),
    ("/api/chat/{h24}/messages", 5),
    ("/static/js/main.{h8}.js", 10),
    ("/api/users/me", 3),
    ("/uploads/{h24}.webp", 6),
)
REFERERS = ("-", "https://shop.test/", "https://shop.test/cart", "https://shop.test/chat", "https://search.test/")
SYMPTOMS = (
    "MongoNetworkError: connect ECONNREFUSED 10.0.0.5:27017",
    "MongooseServerSelectionError: connection timed out",
    "Could not connect to server",
    "connect ECONNREFUSED redis:6379",
    "NOAUTH Authentication required",
    "SHKeeper request failed: ECONNREFUSED",
    "SHKeeper request failed: 502",
    "SMTPError: 535 authentication failed",
    "SMTPError: connection timed out",
    "Missing env var SESSION_SECRET",
    "EADDRINUSE: address already in use",
    "JavaScript heap out of memory",
    "RATE_LIMIT exceeded",
    "OOMKilled",
    "JWT expired",
    "Payment unavailable",
    "No space left on device",
    "getaddrinfo EAI_AGAIN mongodb",
    "socket hang up",
    "upstream prematurely closed connection",
    "WiredTiger error",
    "OOM command not allowed when used memory",
    "UnhandledPromiseRejection",
    "TLS handshake failed",
)
CYCLES = ("🔌 User connected", "🔌 User disconnected")
ATTACKERS = tuple(f"45.148.10.{n}" for n in range(1, 9))


@cache
def _static() -> tuple[list[str], list[float], list[str], list[str], list[int]]:
    chance = random.Random(f"{SEED}:static")
    addresses = [".".join(str(chance.randrange(1, 255)) for _ in range(4)) for _ in range(200_000)]
    weights = list(itertools.accumulate(1 / (rank**1.1) for rank in range(1, len(addresses) + 1)))
    agents = [
        f"Mozilla/5.0 (X11; Linux x86_64; rv:{100 + n}.0) Gecko/20100101 Firefox/{100 + n}.0 build/{chance.randrange(10**6)}"
        for n in range(30)
    ]
    return addresses, weights, agents, [path for path, _ in PATHS], list(itertools.accumulate(w for _, w in PATHS))


def _combined(chance: random.Random, stamp: str, *, attacked: bool = False) -> str:
    addresses, weights, agents, paths, shares = _static()
    address = addresses[bisect(weights, chance.random() * weights[-1])]
    path = paths[bisect(shares, chance.random() * shares[-1])]
    status = STATUSES[int(chance.random() * 100)]
    method = "GET"
    if attacked and chance.random() < 0.3:
        address, path, method = ATTACKERS[int(chance.random() * 8)], "/api/auth/login", "POST"
        status = 401 if chance.random() < 0.97 else 429
    elif path == "/api/auth/login":
        method = "POST"
    if "{" in path:
        noise = f"{chance.getrandbits(96):024x}"
        path = path.format(h2=int(noise[:2], 16), h8=noise[:8], h16=noise[:16], h24=noise)
    return (
        f'{address} - - [{stamp}] "{method} {path} HTTP/1.1" {status} {int(chance.random() * 20_000)} '
        f'"{REFERERS[int(chance.random() * 5)]}" "{agents[int(chance.random() * 30)]}"\n'
    )


def access_minute(minute: int) -> bytes:
    """One minute of the access log."""
    chance = random.Random(f"{SEED}:access:{minute}")
    at = START + timedelta(minutes=minute)
    stamp = at.strftime("%d/%b/%Y:%H:%M")
    attacked = 60 <= minute % 120 <= 74
    lines = [_combined(chance, f"{stamp}:{n * 60 // LINES:02d} +0000", attacked=attacked) for n in range(LINES)]
    return "".join(lines).encode()


def mixed_minute(minute: int) -> bytes:
    """One minute of the shop's log."""
    chance = random.Random(f"{SEED}:mixed:{minute}")
    at = START + timedelta(minutes=minute)
    storm = 200 <= minute % 240 <= 209
    count, bad = (STORM_LINES, 0.35) if storm else (LINES, 0.002)
    return "".join(_mixed_line(chance, at, n, count, bad, storm=storm) for n in range(count)).encode()


def _mixed_line(chance: random.Random, at: datetime, n: int, count: int, bad: float, *, storm: bool) -> str:
    milliseconds = n * 60_000 // count
    kind = chance.random()
    noise = chance.getrandbits(96)
    said = f"request {noise & 0xFFFFFF:06x} served from cache, {noise % 97} rows"
    if chance.random() < bad:
        said = (
            f"{CYCLES[noise & 1]} {noise % 9000:04d}"
            if storm and noise % 10
            else f"{SYMPTOMS[noise % 24]} #{noise % 999}"
        )
    if kind < 0.40:
        epoch = int(at.timestamp()) * 1000 + milliseconds
        return (
            f'{{"level":{50 if said[0] != "r" else 30},"time":{epoch},"pid":1,"hostname":"nickapp-backend",'
            f'"reqId":"req-{noise & 0xFFFFFFFF:08x}","userId":"{noise:024x}","durationMs":{noise % 900},"msg":"{said}"}}\n'
        )
    if kind < 0.65:
        clock = f"{at:%Y-%m-%dT%H:%M}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}Z"
        return f"{clock} nickapp-{('backend', 'worker', 'chat')[noise % 3]} | [info] {said} id={noise:024x} ({noise % 900}ms)\n"
    line = _combined(chance, f"{at:%d/%b/%Y:%H:%M}:{milliseconds // 1000:02d} +0000")
    return line if said[0] == "r" else f'{line[:-2]} {said}"\n'


MAKERS: dict[str, Callable[[int], bytes]] = {"mixed": mixed_minute, "access": access_minute}


def dense_minute(number: int) -> bytes:
    """The storm minutes of `mixed` alone, one after the other."""
    return mixed_minute(number // 10 * 240 + 200 + number % 10)


MAKERS["dense"] = dense_minute


def make(kind: str, path: Path, size: int, processes: int = 2) -> None:
    """Write at least `size` bytes of whole minutes, the first ones."""
    with path.open("wb") as out, Pool(processes) as pool:
        for block in pool.imap(MAKERS[kind], range(1 << 20), chunksize=1):
            out.write(block)
            if out.tell() >= size:
                pool.terminate()
                return


WORDS = [
    "Mongo",
    "Redis",
    "Order",
    "Payment",
    "Cart",
    "Chat",
    "Email",
    "Upload",
    "User",
    "Token",
    "Session",
    "Queue",
    "Cache",
    "Socket",
    "Webhook",
    "Invoice",
    "Refund",
    "Coupon",
    "Stock",
    "Search",
    "Image",
    "Report",
    "Export",
    "Import",
    "Audit",
    "Notice",
    "Ledger",
    "Wallet",
    "Dispute",
    "Review",
]
FAULTS = [
    "Timeout",
    "Refused",
    "Reset",
    "Denied",
    "Missing",
    "Invalid",
    "Expired",
    "Locked",
    "Full",
    "Corrupt",
    "Overflow",
    "Mismatch",
    "Duplicate",
    "Aborted",
    "Stale",
    "Unknown",
    "Broken",
    "Lost",
    "Rejected",
    "Exceeded",
]


def patterns(count: int, *, mixed: bool) -> list[tuple[str, bool]]:
    """(text, is a regex): 25 literals of a page and made-up ones up to `count`; `mixed` puts regexes in place of every tenth."""
    made = [*(said.split(" #")[0] for said in SYMPTOMS), CYCLES[0]]
    chance = random.Random(f"{SEED}:patterns")
    known = set(made)
    while len(made) < count:
        text = _made_up(chance)
        while text in known:
            text += str(chance.randrange(10))
        known.add(text)
        made.append(text)
    found = [(text, False) for text in made[:count]]
    if mixed:
        five = [
            r"ECONNREFUSED [a-z.0-9]+:6379",
            r"SHKeeper request failed: [A-Z0-9]+",
            r"SMTPError: [0-9]{3}",
            r'"status":5[0-9][0-9]',
            r"JWT (?:expired|malformed)\b",
        ]
        regexes = five + [_made_regex(chance, n) for n in range(count // 10 - 5)] if count >= 100 else five
        found[-len(regexes) :] = [(text, True) for text in regexes]
    return found


def _made_up(chance: random.Random) -> str:
    word, fault = WORDS[chance.randrange(30)], FAULTS[chance.randrange(20)]
    return (
        f"{word}{fault}Error",
        f"ERR_{word.upper()}_{fault.upper()}",
        f"{word.lower()} {fault.lower()} failed",
        f"[{word}Service] {fault} exception",
    )[chance.randrange(4)]


def _made_regex(chance: random.Random, number: int) -> str:
    fault = FAULTS[chance.randrange(20)].upper()
    return (
        rf"code [0-9]{{3,5}}{number}",
        rf"after [0-9]+ms #{number}\b",
        rf'"status":5[0-9][0-9],"n":{number}',
        rf"ERR_{fault}_[A-Z]{{2,8}}_{number}",
    )[number % 4]


def sizes(text: str) -> int:
    """Bytes of "64MB" or "1GB"."""
    units = {"KB": 10**3, "MB": 10**6, "GB": 10**9}
    return int(float(text[:-2]) * units[text[-2:].upper()])


def digests() -> Iterator[tuple[str, str]]:
    """(kind, SHA-256 of the first 20 MB): two machines that agree here measure the same thing."""
    import hashlib

    for kind, maker in MAKERS.items():
        data = b""
        for minute in itertools.count():
            data += maker(minute)
            if len(data) >= 20 * 10**6:
                break
        yield kind, hashlib.sha256(data[: 20 * 10**6]).hexdigest()


if __name__ == "__main__":
    if len(sys.argv) == 4:
        make(sys.argv[1], Path(sys.argv[2]), sizes(sys.argv[3]))
    else:
        for kind, digest in digests():
            print(kind, digest)
