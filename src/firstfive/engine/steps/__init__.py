"""Steps run on a target, once, and what they say while they run."""

from firstfive.engine.steps.restored import ask_hosts as ask_hosts
from firstfive.engine.steps.running import allowed as allowed
from firstfive.engine.steps.running import step as step
