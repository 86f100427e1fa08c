"""The clock forgets (L18): what has waited its day is done, everywhere, and each address of hers is told.

What stays is said: a request that an official is answering, until it is answered; the dossiers of the one-stop desk, by
law. The word that all is erased is the only one left, and on a page it can be read for a day.
"""

from collections.abc import Iterable
from datetime import timedelta

from bot import case_cards
from bot.routes import Routes
from bot.turn import Address, Work, office_address
from handlers.requests import request_card as card
from handlers.rights.wish import addresses
from messages.reply import Reply, Text, _
from storage import cards, cases, dossiers, erasures, links, officials, outbox, requests
from storage.cases import Case
from storage.erasures import Erasure
from storage.requests import Request

routes = Routes()


@routes.tick("erasures", every=timedelta(minutes=1))
def due(work: Work) -> None:
    """What has waited its day is done; what no official has looked at in time is called to mind."""
    for wish in erasures.due(work.db, work.commune_id, work.now):
        (_take_off if wish.kind == "unlink" else _forget)(work, wish)
    for wish in erasures.left_over(work.db, work.commune_id):
        answering = wish.citizen_id and requests.of_citizen(work.db, work.commune_id, wish.citizen_id)[1]
        if not answering:
            _forget(work, wish)
    for wish in erasures.unanswered(work.db, work.commune_id, work.now):
        erasures.reminded(work.db, work.commune_id, wish.id, work.now)
        found = requests.get(work.db, work.commune_id, wish.request_id) if wish.request_id else None
        number = found.number if found else 0
        late = _("The law's first term for request {number} has passed: is it really she who asks?", number=number)
        work.send_office(Reply(late, loud=True))


def _take_off(work: Work, wish: Erasure) -> None:
    found = dossiers.by_code(work.db, work.commune_id, wish.about)
    to = addresses(work, wish)
    if found is not None and wish.citizen_id is not None:
        links.drop(work.db, work.commune_id, wish.citizen_id, found.id)
        dossiers.unwatch(work.db, work.commune_id, wish.citizen_id, found.id)
        _say(work, to, _("Dossier {code} is off this chat; nothing more will be told about it here.", code=found.code))
    erasures.finish(work.db, work.commune_id, wish.id, "done", work.now)


def _forget(work: Work, wish: Erasure) -> None:
    """Everything but what has to stay; the word that it is done goes to each address, and is all that is left."""
    to = addresses(work, wish)
    if wish.citizen_id is None:
        erasures.finish(work.db, work.commune_id, wish.id, "done", work.now)
        return
    gone = erasures.forget(work.db, work.commune_id, wish.citizen_id, work.now)
    erasures.finish(work.db, work.commune_id, wish.id, "rest" if gone.kept else "done", work.now)
    for request in gone.requests:
        _forget_request(work, request)
    for case in gone.cases:
        _forget_case(work, case)
    stays = [
        _("Only request {number} stays until an official has answered it; then it is erased, too.", number=each.number)
        for each in gone.kept
    ]
    desk = _("The dossiers of the one-stop desk are kept as the law says. You may delete this chat on your phone.")
    _say(work, to, _("What was kept about you here has been erased."), *stays, *([] if stays else [desk]))


def _say(work: Work, to: Iterable[Address], *words: Text) -> None:
    for each in to:
        work.send(each, Reply(*words))


def _forget_request(work: Work, request: Request) -> None:
    """Her words on the cards of officials: emptied, and the card says that they are gone."""
    name = f"request:{request.id}"
    _forget_cards(work, name)
    if request.opened_at > work.now - timedelta(days=work.commune.office.outbox_days):
        gone = _("Request {number} was erased at the citizen's wish.", number=request.number)
        work.send_office(Reply(gone, card=name))


def _forget_case(work: Work, case: Case) -> None:
    """The case stays without her words, for others may wait for the same work; its card is shown as it is now."""
    _forget_cards(work, case_cards.name(case))
    left = cases.get(work.db, work.commune_id, case.id)
    if left is not None and case.received_at > work.now - timedelta(days=work.commune.office.outbox_days):
        case_cards.show(work, left)


def _forget_cards(work: Work, name: str) -> None:
    people = officials.active(work.db, work.commune_id)
    private = [at for each in people for at in (office_address(each.id), *card.messengers(work, each))]
    for at in (*work.place.office, *private):
        bound = cards.find(work.db, work.commune_id, at.channel, at.account, at.chat, name)
        keys = [f"{at.chat}:{name}", *([f"card:{bound}"] if bound is not None else [])]
        outbox.erase_cards(work.db, work.commune_id, at.channel, at.account, at.chat, keys)
