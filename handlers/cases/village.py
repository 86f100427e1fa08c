"""The cases of a thôn as its head may see them (L31); "I have looked at it on the spot"."""

from bot.routes import Routes

routes = Routes()
