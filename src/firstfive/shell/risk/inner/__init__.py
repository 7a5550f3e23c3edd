"""Languages inside a command's arguments: sed, awk, jq, SQL, Redis and the mongo shell."""
