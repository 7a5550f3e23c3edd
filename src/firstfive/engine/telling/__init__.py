"""People told: notices, pages, the post-mortem."""
