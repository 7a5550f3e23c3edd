"""Accounts as data, for programs."""
