"""HANDS: where commands run. One file a kind of target; the contract suite covers each."""
