"""What an incident teaches the page: `lessons` offers edits with their reasons, and people take or leave them."""

from __future__ import annotations

from firstfive.documents.learning.lessons import Lesson as Lesson
from firstfive.documents.learning.lessons import lessons as lessons
