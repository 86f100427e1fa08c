"""What waits: mine, the thôn's, the late ones; looking for a case by number, words, thôn."""

from bot.routes import Routes

routes = Routes()
