"""Reading what is sealed: at /office, by a named reader, after a fresh login; every look is logged."""

from bot.routes import Routes

routes = Routes()
