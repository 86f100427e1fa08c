"""Cases about the same public work: joined, parted, answered together (L31)."""

from bot.routes import Routes

routes = Routes()
