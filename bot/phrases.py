"""The phrases of this commune: DATA_DIR/phrases.xlsx or phrases.csv, laid over the table that comes with the program.

A clerk keeps the file in Excel or Notepad, so it is read as the dossiers are (`bot.tables`): any separator, encoding
and order of columns. What is wrong in it is told in Vietnamese by `understand --check` and `check`; the good lines
count all the same and the service starts.
"""

from functools import cached_property
from pathlib import Path

from bot import tables
from messages.understanding.table import COLUMNS, INTENTS, Phrase, Problem, Table, built_in, extend
from messages.understanding.understand import SERIOUS, understand

FILES = ("phrases.xlsx", "phrases.csv")


class Phrases:
    """The table of a process, read when it is first wanted: `bot.service` does so before anybody writes (`prepare`),
    and a command that understands nobody never does.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @cached_property
    def table(self) -> Table:
        """This commune's table; without a folder the built-in one."""
        return load(self._folder)[0] if self._folder else built_in()  # `check` tells what is wrong

    def prepare(self) -> None:
        """All that the first message would else wait for."""
        self.table.index()


def load(folder: Path) -> tuple[Table, list[Problem]]:
    """The table of this commune, and what is wrong with its file; the built-in table when there is no file."""
    path = next((folder / name for name in FILES if (folder / name).exists()), None)
    if path is None:
        return built_in(), []
    table = built_in().copy()
    try:
        problems = extend(table, tables.read(path, COLUMNS, COLUMNS[:2]))
    except tables.Unreadable as unreadable:
        return built_in(), [Problem(1, f"không đọc được {path.name}. {unreadable}")]
    table, more = _without_conflicts(table)
    return table, sorted([*problems, *more], key=lambda problem: problem.line)


def _without_conflicts(table: Table) -> tuple[Table, list[Problem]]:
    """Own phrases that mean something else already: never kept against a complaint, an accusation or a cry for help."""
    problems = []
    for phrase in [each for each in table.phrases if each.own]:
        said = understand(phrase.example, built_in())
        if said.act == "none" or said.intent in phrase.intents or not set(said.choices).isdisjoint(phrase.intents):
            continue
        sealed = said.intent in (*SERIOUS, "emergency")
        if sealed:
            table = _without(table, phrase)
        elif said.act != "lead":
            continue
        title = INTENTS[said.intent]
        what = "nên không dùng dòng này" if sealed else "nên trợ lý có thể hỏi lại bà con"
        problems.append(Problem(phrase.line, f"“{phrase.words}” đang được hiểu là “{title}”, {what}.", used=not sealed))
    return table, problems


def _without(table: Table, phrase: Phrase) -> Table:
    return Table([each for each in table.phrases if each is not phrase], table.short, table.groups)
