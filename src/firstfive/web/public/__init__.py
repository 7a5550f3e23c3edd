"""What the web shows to everybody, without the key: the status page and its banner. Nothing else belongs here."""
