"""Commands about the page itself: they need no server and no journal."""
