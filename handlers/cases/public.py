"""What the commune has answered and everybody may read (B06)."""

from bot.routes import Routes

routes = Routes()
