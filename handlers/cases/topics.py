"""Which topic of the officials' group a field of cases belongs to."""

from bot.routes import Routes

routes = Routes()
