"""A picture, a recording, a place that comes outside any talk: one tap makes a report of it."""

from bot.routes import Routes

routes = Routes()
