"""The command line: one noun a file, each command short, every command with `--json`."""
