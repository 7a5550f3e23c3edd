"""How journals of older versions become the newest one; `schema` runs these, one file a version, in one transaction."""
