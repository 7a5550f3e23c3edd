"""Commands about the outside: what senders said, silences and heartbeats, and log files."""
