"""Telling the office what is wrong, missing or good (B04, L27): her words, at most one question, a number."""

from bot.routes import Routes

routes = Routes()
