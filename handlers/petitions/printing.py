"""A form printed at the counter from its code (L33)."""

from bot.routes import Routes

routes = Routes()
