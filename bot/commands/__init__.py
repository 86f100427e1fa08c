"""What `python -m bot NAME` does, one file a command.

A command is `async def name(app, arguments, say) -> exit code`: it runs inside the service, through its socket, or in a
process of its own when no service runs. `init`, `check`, `letters`, `backup` and `restore` never need the service and
are plain functions of the settings. What the terminal says is Vietnamese and written here, not in a catalog, as in
`bot.settings` and `bot.commune`: its reader is the operator of a commune.
"""

from collections.abc import Mapping

from bot.commands.import_dossiers import import_dossiers
from bot.commands.inbox import inbox
from bot.commands.invite import invite
from bot.commands.outbox import outbox
from bot.commands.token import token
from bot.commands.zalo import connect
from bot.control import Command

COMMANDS: Mapping[str, Command] = {
    "import dossiers": import_dossiers,
    "inbox": inbox,
    "invite": invite,
    "outbox": outbox,
    "token": token,
    "zalo connect": connect,
}
"""What the service does when it is asked through its socket."""
