"""The senders' door: hooks for alerts, deploys and signs of life, and Alertmanager's own API. It has locks of its own.

Put in front of the pages by `web.app`.
"""
