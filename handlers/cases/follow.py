"""Her cases: what has become of them, adding to one, taking one back."""

from bot.routes import Routes

routes = Routes()
