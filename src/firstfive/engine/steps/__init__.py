"""Steps run on a target, once, and what they say while they run."""

from firstfive.engine.steps.running import allowed as allowed
from firstfive.engine.steps.running import step as step
