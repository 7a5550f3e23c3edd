"""Words that the scripts of faults share: the stack's commands, its health, and how it becomes as new.

Read by the modules of faults and by `place`. The names are those of the incident page that the lab is built after.
"""

from __future__ import annotations

COMPOSE = "docker compose -f docker-compose.production.yml"
SITE = "https://amn.gg"
UNHEALTHY = f"! curl -fsS -m 2 {SITE}/api/health >/dev/null 2>&1"

MARK = ".firstfive-lab"
AS_NEW = f"{MARK}/as-new"

# Sets repository and good: where the backend's images come from, and the id of the release that works, by the digest it was pulled by.
GOOD = f"""repository=$(cat {MARK}/repository)
good=$(docker image inspect -f '{{{{.Id}}}}' "$repository@$(cat {MARK}/digest)")"""

MARKED = f"""
[ -d {MARK} ] || {{ echo 'there is no {MARK} in this folder'; exit 97; }}
"""
LABELLED = """
label=$(docker inspect -f '{{index .Config.Labels "firstfive.lab"}}' nickapp-backend 2>/dev/null) || label=
[ "$label" = 1 ] || { echo 'the backend does not carry the label firstfive.lab=1'; exit 98; }
"""

# The updater is at rest while others make containers anew: two of them at once trip over each other's names.
AT_REST = "docker stop -t 2 watchtower >/dev/null 2>&1 || true\n"
UP_AGAIN = f"""{COMPOSE} up -d $({COMPOSE} config --services | grep -v watchtower) 2>&1 | tail -3
{COMPOSE} up -d --no-recreate watchtower 2>&1 | tail -3
"""

# The files as they were, the release as it was, every container up. What a fault alone knows is undone by its own script before.
RESTORE = f"""
{AT_REST}(cd {AS_NEW} && find . -type f) | while read -r file; do
  cmp -s "{AS_NEW}/$file" "$file" || cat "{AS_NEW}/$file" > "$file"
done
{GOOD}
docker tag "$good" "$repository:latest"
for name in $(docker ps -q --filter status=paused); do docker unpause "$name"; done
{UP_AGAIN}docker exec nickapp-nginx nginx -s reload
"""

# The shop answers, sells, signs people in and sends mail: seen in what customers got in the last seconds, and by asking.
WELL = f"""
curl -fsS -m 2 {SITE}/api/health | grep -q '"status":"ok"'
tail -n 40 nginx/logs/access.log > /tmp/firstfive-lab-tail
for path in payments auth/login auth/reset; do
  grep "POST /api/$path " /tmp/firstfive-lab-tail | grep '198.51.100.10' | tail -n 1 | grep -q '" 200 '
done
test "$(docker ps -q --filter label=firstfive.lab=1 --filter status=running | wc -l)" -ge 8
"""


def set_variable(name: str, value: str | None) -> str:
    """Script that writes one line of .env anew, or takes it out."""
    line = "" if value is None else f"echo '{name}={value}' >> .env.new\n"
    return f"grep -v '^{name}=' .env > .env.new || true\n{line}cat .env.new > .env && rm .env.new\n"


def customers_get(path: str, status: str, *, of_last: int = 6) -> str:
    """Script that exits 0 when the newest answers of that path hold one of that status (a pattern of grep)."""
    return f"grep 'POST {path} ' nginx/logs/access.log | grep '198.51.100.10' | tail -n {of_last} | tail -n 1 | grep -qE '\" {status} '"


def pushed(version: str, *variables: str) -> str:
    """Script that builds a release upon the one that works and pushes it, as :latest too. What is held here stays as it was: only who
    pulls has it.
    """
    changes = " ".join(f"--change 'ENV {one}'" for one in (*variables, f"RELEASE={version}"))
    return f"""{GOOD}
made=$(docker create "$good")
new=$(docker commit {changes} --change 'LABEL org.opencontainers.image.version="{version}"' "$made")
docker rm "$made" >/dev/null
for tag in {version} latest; do
  docker tag "$new" "$repository:$tag"
  docker push -q "$repository:$tag" >/dev/null
done
docker tag "$good" "$repository:latest"
docker rmi -f "$new" >/dev/null
"""


# The registry hands out the release that works by :latest again; while it is gone, what is held here is enough.
WITHDRAWN = f"""{AT_REST}{GOOD}
docker tag "$good" "$repository:latest"
docker push -q "$repository:latest" >/dev/null || true
"""
