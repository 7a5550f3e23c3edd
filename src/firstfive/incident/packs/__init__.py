"""Changes that a person can ask for beside the page: each is shown, approved, verified and can be taken back like a step of it."""
