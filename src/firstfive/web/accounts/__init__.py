"""Signing in by name: who may open which route, passkeys, passwords, invitations, an identity provider, and the pages about them."""
