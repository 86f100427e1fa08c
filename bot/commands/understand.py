"""`python -m bot understand "…"`: what the assistant makes of a message, and why; `--check`: this commune's phrases.

It needs no settings, no commune.toml and no database. The first line is the intent's name alone, for scripts.
"""

from collections.abc import Iterator
from typing import Any

from bot import phrases
from bot.control import DONE, FAILED, Say
from bot.settings import Settings
from messages import gates
from messages.understanding.keys import written
from messages.understanding.table import INTENTS, STRENGTHS, Table
from messages.understanding.understand import UNCLEAR, Match, Understood
from messages.understanding.understand import understand as meaning


def understand(settings: Settings, arguments: dict[str, Any], say: Say) -> int:
    """Say what `arguments["text"]` means, or with `check` what is wrong in the file of phrases; FAILED if something."""
    table, problems = phrases.load(settings.data_dir)
    if arguments.get("check"):
        return _check(table, [str(problem) for problem in problems], say)
    text = " ".join(arguments.get("text", ()))
    said = meaning(text, table)
    say(said.intent)
    for line in explained(text, said):
        say(line)
    return DONE


def _check(table: Table, problems: list[str], say: Say) -> int:
    for problem in problems:
        say(problem)
    own = sum(phrase.own for phrase in table.phrases)
    files = " hoặc ".join(phrases.FILES)
    say(f"Cụm từ của xã ({files}): {own} dòng dùng được, {len(problems)} điều nên xem.")
    return FAILED if problems else DONE


def explained(text: str, said: Understood) -> Iterator[str]:
    """What the assistant does with it, how it read the words, and which lines of the table matched."""
    yield _what(said)
    if said.others:
        yield f"Việc khác trong tin, đưa thành nút bấm: {_titles(said.others)}."
    if said.about:
        yield f"Nói về: {said.about}."
    if topic := gates.emergency(text):
        yield f"Vì có lời kêu cứu ({topic}); việc này luôn được xem trước tiên."
    elif said.intent == "accusation" and not said.why:
        yield "Vì có lời tố cáo; lời này chỉ người được giao mới đọc."
    for match in said.why:
        yield _matched(match, said)
    for how in dict.fromkeys(word.how for word in said.words if word.how):
        yield f"Đọc là: {how}."


def _what(said: Understood) -> str:
    if said.act == "none":
        return "Trợ lý chưa hiểu, đưa bảng chọn."
    if said.intent == UNCLEAR:
        return f"Trợ lý hỏi lại, đưa nút bấm: {_titles(said.choices)}."
    title = INTENTS[said.intent]
    if said.act == "ask":
        return f"Trợ lý hỏi lại cho chắc trước khi làm: {title}."
    return f"Trợ lý làm ngay: {title}."


def _titles(intents: tuple[str, ...]) -> str:
    return ", ".join(INTENTS[intent] for intent in intents)


def _matched(match: Match, said: Understood) -> str:
    words = " ".join(written(said.words[index].shape) for index in match.at)
    table = "bảng của xã" if match.phrase.own else "bảng có sẵn"
    strength = next(name for name, value in STRENGTHS.items() if value == match.strength)
    return f"Khớp: “{words}” với “{match.phrase.words}” ({table}, dòng {match.phrase.line}, mức {strength})."
