"""What is looked at once a day, whether or not there is an incident: promises, holes in the schedules, ways to people.

`daily.Rounds` is run by `app` beside the engine. It only puts messages into the outbox, each once.
"""
