"""A case as a paper: the receipt with its number, and the whole file."""

from bot.routes import Routes

routes = Routes()
