"""The room in a terminal: the whole screen where there is one, and a line mode that needs nothing."""
