"""Commands about what runs on a host: steps, changes out of packs."""
