"""Firstfive from elsewhere: what travels between a server and whoever asks it, and a typed client that asks.

Stands low in the house, so that the server's document and the client are made of the same values. Knows no rule and no room.
"""
