"""Officials at a case: open it, take it, mark it, sort it anew; the second who takes it is told who was first."""

from bot.routes import Routes

routes = Routes()
