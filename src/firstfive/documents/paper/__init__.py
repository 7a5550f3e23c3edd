"""What is written for paper: the whole page, and one post-mortem, each one HTML file without a script or an address."""
