"""EYES: each probe looks at one thing and changes nothing. One file a kind of look; the contract suite covers each."""
