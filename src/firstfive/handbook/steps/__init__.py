"""Steps: fences cut at their comments, judged, and checked for commands that would not do what the page means."""
