"""The pages beside the room: what happened, what it cost, who is on call, what was promised, and how the program does."""
