"""Small files of our own on disk: keys, and what is published."""
