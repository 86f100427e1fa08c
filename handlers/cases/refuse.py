"""Refusing a case: always with who is responsible and on what ground; countersigned where the commune wants it."""

from bot.routes import Routes

routes = Routes()
