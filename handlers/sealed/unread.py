"""Nobody has read it: count-only reminders, and on the seventh working day she is told where to file."""

from bot.routes import Routes

routes = Routes()
