"""The page as a program: text in, typed model out, every value remembers its place."""
