"""What accuses a person is never taken in a messenger (L28): who can read here, and three ways that are closed."""

from bot.routes import Routes

routes = Routes()
