#!/bin/bash
# An updater: when the tag that the backend runs by stands for a newer image, the container is made anew from it.
export PATH=$PATH:/usr/local/bin
trap 'exit 0' TERM INT
while :; do
  sleep "$WATCHTOWER_POLL_INTERVAL" & wait $!
  ref=$(docker inspect -f '{{.Config.Image}}' nickapp-backend 2>/dev/null) || continue
  runs=$(docker inspect -f '{{.Image}}' nickapp-backend) new=$(docker image inspect -f '{{.Id}}' "$ref" 2>/dev/null) || continue
  [ "$runs" = "$new" ] && continue
  echo "Found new $ref image (${new:7:12})"
  echo "Stopping /nickapp-backend with SIGTERM"
  docker compose -f docker-compose.production.yml up -d --no-deps nickapp-backend && echo "Session done Failed=0 Scanned=1 Updated=1"
done
