"""Ending a case with a result and a proof of it: a picture or a paper."""

from bot.routes import Routes

routes = Routes()
