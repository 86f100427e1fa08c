"""What news leave out for whoever only knows the code, shown after the second factor: the note, and the letter."""

from bot.turn import Turn
from messages.reply import Reply, Text, _
from storage import approvals, files
from storage.dossiers import Details, Dossier

LETTERS = frozenset({"apology-late", "second-postponement", "apology-mistake"})
"""Letters that go with news of a dossier; those to a person (a wedding, a birth, a death) are no news."""


def note(found: Dossier, sealed: Details) -> list[Text]:
    """Exactly which papers are needed, or what is to be paid, as the office has written it."""
    if not sealed.note:
        return []
    if found.status == 5:
        return [_("For the next step the office still needs: {papers}", papers=sealed.note)]
    return [_("It waits for tax or a fee to be paid: {fee}", fee=sealed.note)] if found.status == 6 else []


def send_letter(turn: Turn, found: Dossier) -> None:
    """The newest letter that was sent about it, once more: she may not have had it in this chat."""
    sent = [
        each for each in approvals.of_dossier(turn.db, turn.commune_id, found.id)
        if each.kind in LETTERS and each.sent_at is not None and (each.png or each.signed_pdf)
    ]  # fmt: skip
    if not sent:
        return
    letter = sent[-1]
    paper = letter.signed_pdf or letter.pdf
    documents = (paper,) if paper and paper != letter.png else ()
    pictures, at = (letter.png,) if letter.png else (), turn.address
    files.share_with(turn.db, turn.commune_id, (*pictures, *documents), at.channel, at.account, at.chat)
    said = Reply(_("The letter about dossier {code}:", code=found.code), pictures=pictures, documents=documents)
    turn.send(turn.address, said, kind="answer", in_reply_to=turn.event_id, language=turn.language)
