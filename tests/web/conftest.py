"""Fixtures of every test of pages in a browser."""

from __future__ import annotations

from web.browsing import chromium, serve, served, visit

__all__ = ["chromium", "serve", "served", "visit"]
