"""What works without a server: the bundle that is made ahead, and its log taken back into a timeline."""
