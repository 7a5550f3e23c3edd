"""What is written from a timeline: notices, the post-mortem, the view of an incident. Pure: same entries, same bytes."""
