#!/bin/bash
# An updater: when the registry hands out another image by the tag that the backend runs by, it is pulled and the container made anew.
# A container that is pinned by a digest stays as it is, and so does everything while the registry does not answer.
export PATH=$PATH:/usr/local/bin
trap 'exit 0' TERM INT
engine=${DOCKER_HOST#unix://}
while :; do
  sleep "$WATCHTOWER_POLL_INTERVAL" & wait $!
  ref=$(docker inspect -f '{{.Config.Image}}' nickapp-backend 2>/dev/null) || continue
  case $ref in *@*) continue ;; esac
  offered=$(curl -fsS -m 5 --unix-socket "$engine" "http://engine/v1.41/distribution/$ref/json" | jq -r .Descriptor.digest) || continue
  held=$(docker image inspect -f '{{json .RepoDigests}}' "$ref" 2>/dev/null)
  case $held in *"$offered"*) ;; *) docker pull -q "$ref" || continue ;; esac
  runs=$(docker inspect -f '{{.Image}}' nickapp-backend) new=$(docker image inspect -f '{{.Id}}' "$ref" 2>/dev/null) || continue
  [ "$runs" = "$new" ] && continue
  echo "Found new $ref image (${new:7:12})"
  echo "Stopping /nickapp-backend with SIGTERM"
  docker compose -f docker-compose.production.yml up -d --no-deps nickapp-backend && echo "Session done Failed=0 Scanned=1 Updated=1"
done
