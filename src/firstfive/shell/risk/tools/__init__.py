"""Tools whose words need more than a list of options."""
