"""Commands for a journal that several nodes share."""
