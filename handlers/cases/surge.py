"""A flood of reports is one summary to officials, never a flood of cards."""

from bot.routes import Routes

routes = Routes()
