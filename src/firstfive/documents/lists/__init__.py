"""Long lists, and how they are told."""
