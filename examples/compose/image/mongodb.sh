#!/bin/bash
# A server of MongoDB's wire protocol over WiredTiger. Like mongod it ends when its storage panics, instead of answering without it.
export PYTHONPATH=/lab/pylib PYTHONUNBUFFERED=1
{
  python3 -c 'import sys; from secantus.cli import main; sys.exit(main())' --host 0.0.0.0 --port 27017 --storage-path /data/db \
    --standalone --cache-size 64M --log-level WARNING 2>&1 | while IFS= read -r line; do
    printf '%s\n' "$line"
    case $line in *WT_PANIC* | *"database corruption detected"*) pkill -9 -f secantus.cli ;; esac
  done
  exit "${PIPESTATUS[0]}"
} &
both=$!
trap 'pkill -TERM -f secantus.cli' TERM INT
wait $both; code=$?
wait $both 2>/dev/null && code=$?
exit $code
