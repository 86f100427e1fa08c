"""A case that came by another door (L34): telephone, letter box, in person; somebody without a phone."""

from bot.routes import Routes

routes = Routes()
