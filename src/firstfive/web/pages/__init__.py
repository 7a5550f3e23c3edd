"""Pages about all incidents rather than one: history, search, metrics. Joined by `app` where the program has a history."""
