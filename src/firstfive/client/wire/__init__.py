"""What travels between a server and whoever asks it: each request and each answer of the API as one frozen value.

The server's OpenAPI document is made from these, and the client reads answers into them. Text of a closed set is still plain text, so
that an older program can read what a newer one says; a field that an answer gains later does not disturb it either.
Times are ISO 8601 in UTC, days are `2026-01-01`, spans are seconds; None is null, and means that nobody knows it or that there is none.
"""
