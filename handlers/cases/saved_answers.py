"""Answers the office has kept for use again, with fields that fill themselves."""

from bot.routes import Routes

routes = Routes()
