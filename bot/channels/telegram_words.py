"""What the bot says of itself on Telegram, before anybody has written to it."""

from messages.reply import Msg, _

COMMANDS = (
    ("tracuu", _("Look up a dossier")),
    ("phananh", _("Report a problem")),
    ("thutuc", _("Ask about a procedure")),
    ("thongbao", _("News of the commune")),
    ("canhan", _("Your data and your rights")),
    ("trogiup", _("How to use this assistant")),
    ("nguoithat", _("Talk to an official")),
    ("huy", _("Stop what we are doing")),
)
"""What the button beside the input lists in a private chat."""
GROUP_COMMANDS = (
    ("hangdoi", _("Requests that wait for an answer")),
    ("trogiup", _("How to use this assistant")),
    ("huy", _("Stop what we are doing")),
)


def about(commune: str) -> tuple[Msg, Msg]:
    """What stands in the empty chat, above START; and, shorter, on the bot's page and where it is shared."""
    long = _(
        "Assistant of {commune}. Look up a dossier, ask for the opening hours, write to an official. "
        "Nobody here asks for OTP codes, passwords or bank accounts.",
        commune=commune,
    )
    return long, _("Assistant of {commune}: dossiers, opening hours, officials.", commune=commune)
