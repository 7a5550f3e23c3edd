"""Commands of practice: drills."""
