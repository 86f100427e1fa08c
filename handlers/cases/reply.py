"""An official's words to whoever reported: written, looked at, sent, undone; a question to her; a note that stays."""

from bot.routes import Routes

routes = Routes()
