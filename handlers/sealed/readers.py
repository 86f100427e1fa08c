"""The two named readers: by written decision, changed with all keys, gone with all keys (L29)."""

from bot.routes import Routes

routes = Routes()
