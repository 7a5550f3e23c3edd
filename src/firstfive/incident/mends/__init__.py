"""Changes that the program proposes by itself, on evidence of the target: what was changed since all was well, what fills a disk.

Each module holds a look (it prints evidence), what is read from it, and the change as a pack. Nothing here runs without a person's yes.
"""
