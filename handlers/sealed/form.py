"""The one-time page on the commune's own machine on which an accusation is written."""

from bot.routes import Routes

routes = Routes()
