"""A flood of reports (a storm, a burst dam): every one is numbered, and officials get one summary instead of cards."""

from bot.turn import Work
from storage.cases import Case


def swallows(work: Work, case: Case) -> bool:
    """Whether this case's card is left out of the shared chats, because so many have come that a summary stands there
    instead.
    """
    return False
