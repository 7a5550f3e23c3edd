"""The room: server-rendered pages, live updates and the API, on loopback."""
