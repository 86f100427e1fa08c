"""The Chairman's picture of the week (B08): received, on time, late, reopened, satisfied; every figure unfolds."""

from bot.routes import Routes

routes = Routes()
