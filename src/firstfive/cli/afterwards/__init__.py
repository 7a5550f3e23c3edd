"""Commands about what comes after an incident: its post-mortem's wording, the promises made, the numbers over many."""
