"""Firstfive: your incident page, running."""

__version__ = "0.1.0"
