"""Access logs of a web server or proxy: who asks for what how often, and who is refused too often.

Used by `cli` and, for the live tail, built by `app`.
"""
