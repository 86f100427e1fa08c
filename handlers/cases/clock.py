"""What the clock does for cases: reminders, the head, the Chairman; an honest word when it is late."""

from bot.routes import Routes

routes = Routes()
