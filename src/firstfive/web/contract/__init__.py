"""What the API promises to programs: one table of every call, held to it and shown from it, and a call sent twice acts once."""
