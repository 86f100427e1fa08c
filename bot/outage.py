"""After an outage: whoever may have pressed a button in vain is asked once more.

Telegram forgets the press of a button after 150 s of our absence (design, path of a message, 7). So a talk whose
question with buttons was asked from ten minutes before the gap until its end, and was not answered since, is asked
again, in its own lane; never at night, when a telephone should be silent. Until then its talks do not expire.
"""

from datetime import time, timedelta

from bot.turn import Work
from messages.render import ZONE
from storage import conversations, inbox, outages

BEFORE = timedelta(minutes=10)
"""She may have looked at a question for so long before she pressed."""
NIGHT = (time(21), time(7))
EVENT = "ask-again"


def ask_again(work: Work) -> None:
    """Part of the minute's tick: wake the lanes of those talks, once for each outage."""
    hour = work.now.astimezone(ZONE).time()
    if hour >= NIGHT[0] or hour < NIGHT[1]:
        return
    for gap in outages.unsettled(work.db, work.commune_id):
        since, until = gap.began_at - BEFORE, gap.ended_at
        for talk in conversations.untouched(work.db, work.commune_id, gap.channel, gap.account, since, until):
            raw = inbox.internal(EVENT, token=talk.token)
            once = f"{EVENT}:{gap.id}:{talk.token}"
            work.events += inbox.insert_internal(
                work.db, work.commune_id, talk.lane_id, talk.sender, once, raw, work.now
            )
        outages.settle(work.db, gap.id, work.now)
