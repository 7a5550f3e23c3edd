"""Logs as an eye: what stands in them, how often in which minute, and who floods them.

Built by `app` for live logs and called by `cli` for files. Reads only; keeps counts and a few lines, never a log.
"""
