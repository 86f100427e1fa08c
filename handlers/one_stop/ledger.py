"""What a move of a dossier means for the Chairman's figures (A20), and for a status that was set by hand (A03).

The minute's tick calls `moved` for every move (`handlers.one_stop.news`).
"""

from bot import duty
from bot.turn import Work
from handlers.office.dashboard import month_of
from handlers.one_stop.trail import opens
from messages import dossiers as words
from messages.reply import Reply, _
from messages.statuses import STATUSES
from storage import dossiers, figures, officials
from storage import trail as kept
from storage.dossier_events import Happening
from storage.dossiers import Dossier

FORWARD = {1: 1, 2: 2, 4: 3, 9: 4, 10: 5}
"""How far a dossier has got on the usual way."""


def moved(work: Work, found: Dossier, happening: Happening) -> None:
    """Its status became another: finished, taken back, asked for papers; whoever set it by hand is told once if a newer
    file says something else. The file then holds, unless it only went on from there.
    """
    month = month_of(words.today(happening.at)).name
    if happening.new not in figures.FINISHED:
        figures.reopen(work.db, work.commune_id, found.id)
    elif happening.old not in figures.FINISHED:
        now = dossiers.get(work.db, work.commune_id, found.id) or found  # its deadline may just have been moved
        figures.finish(work.db, work.commune_id, now, happening.new, happening.at, month, found.paused_at)
    if happening.new == figures.PAPERS:
        figures.ask_papers(work.db, work.commune_id, found, happening.once, happening.at, month)
    if happening.once.startswith("i"):
        _compare(work, found, happening)


def _compare(work: Work, found: Dossier, happening: Happening) -> None:
    hand = kept.by_hand(work.db, work.commune_id, found.id)
    if hand is None or hand.at > happening.at:
        return
    kept.settled(work.db, work.commune_id, found.id)
    if FORWARD.get(happening.new, 0) > FORWARD.get(happening.old, 9):
        return
    old, new = STATUSES[happening.old].plain, STATUSES[happening.new].plain
    told = _("You had set dossier {code} to “{old}”; the newer file says “{new}”.", code=found.code, old=old, new=new)
    who = officials.get(work.db, work.commune_id, hand.official_id)
    people = duty.clerks(work) if who is None else [duty.standing_in(work, who)]
    duty.tell(work, people, Reply(told, _("The file holds now."), buttons=(opens(found),)))
