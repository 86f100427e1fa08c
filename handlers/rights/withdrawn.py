"""She has withdrawn from our application on Zalo: what is kept about her is erased, without a day of waiting.

The word comes from Zalo itself, for her own account, so nothing has to be proven; the clock erases within a minute, and
what stays and why is told as always (`handlers.rights.forget`).
"""

from bot.routes import Routes
from bot.turn import Turn
from storage import erasures

routes = Routes()


@routes.gate("withdrawn")
def withdrawn(turn: Turn) -> None:
    """Erase all that is kept about her; of somebody who never wrote nothing is."""
    if turn.citizen is not None:
        erasures.ask(turn.db, turn.commune_id, turn.citizen.id, "erase", "", turn.now, due_at=turn.now)
