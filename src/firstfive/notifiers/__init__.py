"""Ways of telling people, one module each."""
