"""What happens to her case, told to her: taken, asked, answered, done, refused, late."""

from bot.routes import Routes

routes = Routes()
