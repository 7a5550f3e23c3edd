"""The rules of response, pure: no I/O, no clock, no randomness, no logging."""
