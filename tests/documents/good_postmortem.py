"""A post-mortem in the form of the page that leaves nothing to remark."""

GOOD = """\
---
title: Post-mortem — checkout was down
date: 2026-06-01
severity: SEV-1
duration: 42
authors: [Ana Silva, ben]
---

## Summary
Checkout answered 502 for 42 minutes after a release; rolling back mended it.

## Timeline (UTC)
- 10:02 — first signal: the probe of /health went red
- 10:04 — Ana acknowledged
- 10:10 — hypothesis: the release reads a variable that no host sets
- 10:30 — mitigation deployed: 1.4.1 again
- 10:44 — verified resolved
- 10:50 — incident closed

## Impact
- Users affected: about 1 200
- Features affected: checkout
- Money affected: 31 orders came later
- Data loss: no

## Root cause
- Trigger: release 1.4.2 went out at ten
- Underlying cause: nothing checks variables before a container is replaced

## What went well
- The roll-back took one minute.

## What went poorly
- Nobody looked at the release for 8 minutes.

## Where we got lucky
- It was not the day of the sale.

## Action items
| # | Item | Owner | Due | Ticket |
|---|------|-------|-----|--------|
| 1 | Add an alert on 5xx of checkout | @ana | 2026-06-10 | OPS-1 |
| 2 | Document the roll-back in the runbook | @ben | 2026-06-12 | OPS-2 |

## Detection improvements
An alert on the share of 5xx would have come 6 minutes earlier.

## Process improvements
Step 4 of the runbook now says which file.
"""
