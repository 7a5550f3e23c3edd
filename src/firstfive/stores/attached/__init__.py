"""What is kept beside a timeline, in the same database and proved by its chain."""

from firstfive.stores.attached.output import keep, problems, text

__all__ = ["keep", "problems", "text"]
