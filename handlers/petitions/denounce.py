"""How to accuse somebody lawfully: rights, ways to file, a form to print."""

from bot.routes import Routes

routes = Routes()
