"""The only code that waits: it takes in, decides, obeys, appends, and sleeps till the next due time."""
