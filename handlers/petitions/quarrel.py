"""Quarrels over land, debts, divorce (L32): no card, no judgment; conciliation, mediation, court."""

from bot.routes import Routes

routes = Routes()
