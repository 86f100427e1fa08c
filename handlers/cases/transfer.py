"""Handing a case on with the five clear points: who, what, answerable for what, by when, with what result (G07)."""

from bot.routes import Routes

routes = Routes()
