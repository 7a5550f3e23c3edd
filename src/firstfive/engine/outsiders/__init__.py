"""Everything that is not an incident yet: what senders said, sorted by the inbox; silences, heartbeats and the backlog at the desk.

Used by the engine, `web` and `cli`.
"""
