"""What a command does: parsing, risk, binding, conditions and facts. Knows nothing of pages or incidents."""
