"""One module a version. A published one is never edited: the next one says what changes."""
