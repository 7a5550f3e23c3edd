"""The page's own stack on the tests' engine: a real MongoDB wire server with the real shell, a real Redis, nginx and mail server, and a
stand-in of the payment gateway with its paths. The backend only says that it is well; what the page runs in it is real.

Images borrow this machine's /usr, as those of `examples/compose` do. Everything is gone at the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import mongo
from lab.engine import Lab, engine

PASSWORD, KEY = "hush-redis", "hush-key"
LAB = Path(__file__).resolve().parents[2] / "examples/compose/lab.py"
NETWORK = f"172.30.{os.getpid() % 250}"  # of this run alone: several may share a machine
SERVICES = ("nickapp-backend", "mongodb", "nginx", "watchtower", "redis", "shkeeper", "smtp")
COMPOSE = """\
x-all: &all {{stop_grace_period: 0s, networks: [page]}}
services:
  backend:
    <<: *all
    container_name: nickapp-backend
    image: "nickapp-backend:latest"
    working_dir: /app
    command: ["node", "-e", "console.log('🔌 User connected'); require('http').createServer((_, r) => r.end('well')).listen(5000)"]
    environment:
      {{SMTP_HOST: smtp, SMTP_PORT: "2525", SMTP_SECURE: "false", SMTP_USER: shop, SMTP_PASS: hush-mail,
        NODE_EXTRA_CA_CERTS: /srv/tls/ca.pem}}
    volumes: ["/usr:/usr:ro", "{kept}/node/node_modules:/app/node_modules:ro", "{folder}/tls:/srv/tls:ro"]
  mongodb:
    <<: *all
    container_name: nickapp-mongodb
    image: "mongodb:latest"
    command: ["bash", "-c", "echo mongodb ready; mkdir -p /data/db; exec bash /app/mongodb.sh"]
    volumes: ["/usr:/usr:ro", "{kept}:/lab:ro"]
  nginx:
    <<: *all
    container_name: nickapp-nginx
    image: "nginx:latest"
    command: ["nginx"]
    depends_on: [backend]
    restart: unless-stopped  # it ends when it is started while the backend has no address
    volumes: ["/usr:/usr:ro", "{folder}/nginx/conf:/etc/nginx:ro"]
  watchtower:
    <<: *all
    container_name: watchtower
    image: "watchtower:latest"
    command: ["sleep", "infinity"]
    volumes: ["/usr:/usr:ro"]
  redis:
    <<: *all
    container_name: nickapp-redis
    image: "redis:latest"
    volumes: ["/usr:/usr:ro"]
    command: ["redis-server", "--requirepass", "{password}", "--save", ""]
  shkeeper:
    stop_grace_period: 0s
    networks: {{page: {{ipv4_address: "{network}.10"}}}}
    image: "shkeeper:latest"
    command: ["python3", "-u", "/app/shkeeper.py"]
    environment: {{SHKEEPER_API_KEY: "{key}"}}
    volumes: ["/usr:/usr:ro"]
  smtp:
    <<: *all
    image: "smtp:latest"
    command: ["python3", "-u", "/app/smtp.py"]
    environment: {{SMTP_USER: shop, SMTP_PASS: hush-mail, PYTHONPATH: /lab/pylib}}
    volumes: ["/usr:/usr:ro", "{kept}:/lab:ro", "{folder}/tls:/srv/tls:ro"]
networks:
  page:
    ipam: {{config: [{{subnet: "{network}.0/28"}}]}}
"""
NGINX = """\
daemon off;
pid /tmp/nginx.pid;
error_log /dev/stderr warn;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;
  server {
    listen 80;
    location / {
      proxy_pass http://nickapp-backend:5000;
      proxy_read_timeout 10s;
    }
  }
}
"""
SEED = """
db.users.insertOne({email: 'attacker@x.com'});
db.payments.insertMany([1, 2, 3].map(() => ({status: 'pending', createdAt: new Date(Date.now() - 3600e3)})));
db.payments.insertOne({status: 'pending', createdAt: new Date()});
"""
# The page's folders, in a namespace of mounts: nothing of the machine is touched.
_INSIDE = """
mount -t tmpfs none /opt && mkdir /opt/backend && mount --bind "$STACK" /opt/backend || exit 99
mount -t tmpfs none /var/lib && mkdir /var/lib/docker || exit 99
cd /opt/backend
"""
# An Engine of version 20.10 sometimes cannot enter a container any more that was restarted; that one is made anew.
_READY = """
docker compose -f docker-compose.production.yml up -d --quiet-pull
until docker logs nickapp-redis 2>&1 | grep -q 'Ready to accept'; do sleep 0.1; done
until docker logs nickapp-backend 2>&1 | grep -q 'User connected'; do sleep 0.1; done
until docker exec nickapp-nginx nginx -t 2>/dev/null; do
  sleep 1; docker compose -f docker-compose.production.yml up -d --force-recreate --no-deps nginx
done
until docker exec nickapp-mongodb bash -c '</dev/tcp/127.0.0.1/27017' 2>/dev/null; do sleep 0.3; done
until docker exec nickapp-backend bash -c '</dev/tcp/smtp/2525 && </dev/tcp/shkeeper/5080' 2>/dev/null; do sleep 0.3; done
"""

Ran = subprocess.CompletedProcess[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The page's stack, up. `folder` is what the page calls /opt/backend."""

    lab: Lab
    folder: Path

    def run(self, script: str, *, patience: int = 60, environment: Mapping[str, str] | None = None) -> Ran:
        given = (
            self.lab.environment
            | dict(environment or {})
            | {
                "STACK": str(self.folder),
                "REDIS_PASSWORD": PASSWORD,
                "SHKEEPER_API_KEY": KEY,
                "SHKEEPER_API_URL": f"http://{NETWORK}.10:5080",
            }
        )
        words = ["unshare", "--mount", "timeout", str(patience), "bash", "-o", "pipefail", "-c", _INSIDE + script]
        return subprocess.run(
            words, env=given, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=150, check=False
        )

    def up(self) -> None:
        """As it was at the start of a test."""
        text = COMPOSE.format(folder=self.folder, kept=mongo.KEPT, password=PASSWORD, key=KEY, network=NETWORK)
        (self.folder / "docker-compose.production.yml").write_text(text)
        ran = self.run(_READY, patience=120)
        assert ran.returncode == 0, ran.stderr


@contextmanager
def page_stack() -> Iterator[Stack]:
    """The engine, the images and the stack."""
    mongo.needed()
    with tempfile.TemporaryDirectory(prefix="ff", ignore_cleanup_errors=True) as made, engine(Path(made)) as lab:
        folder = Path(made) / "stack"
        _laid_out(folder)
        change = ["--change", "ENV PATH=/app:/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin"]
        lab.docker("import", *change, "-", "skeleton:1", stdin=_skeleton())
        for name in SERVICES:
            lab.docker("tag", "skeleton:1", f"{name}:latest")
        stack = Stack(lab=lab, folder=folder)
        try:
            stack.up()
            seeded = stack.run(f'docker exec nickapp-mongodb mongosh marketplace --eval "{SEED}"')
            assert seeded.returncode == 0, seeded.stderr
            yield stack
        finally:
            lab.tidy()
            lab.docker("network", "prune", "-f", check=False)


def _laid_out(folder: Path) -> None:
    for inner in ("nginx/logs", "nginx/conf", "tls"):
        (folder / inner).mkdir(parents=True)
    asked = '203.0.113.7 - - [23/Nov/2026:10:00:00 +0000] "GET /socket.io/?x HTTP/1.1" 200 5\n'
    (folder / "nginx/logs/access.log").write_text(asked * 400 + asked.replace("203.0.113.7", "198.51.100.2") * 20)
    (folder / "nginx/conf/nginx.conf").write_text(NGINX)
    (folder / ".env").write_text("RATE_LIMIT_MAX=100\n")
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += ["-days", "2", "-subj", "/CN=smtp", "-addext", "subjectAltName=DNS:smtp"]
    words += ["-keyout", str(folder / "tls/shop.key"), "-out", str(folder / "tls/shop.pem")]
    subprocess.run(words, check=True, capture_output=True)
    (folder / "tls/ca.pem").write_bytes((folder / "tls/shop.pem").read_bytes())


def _skeleton() -> bytes:
    """The lab's own, asked of a process of its own: its modules find each other by their folder."""
    program = "import sys; sys.path.insert(0, sys.argv[1]); import images; sys.stdout.buffer.write(images.skeleton())"
    return subprocess.run([sys.executable, "-c", program, str(LAB.parent)], check=True, stdout=subprocess.PIPE).stdout
