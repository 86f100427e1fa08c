"""`python -m bot letters [FOLDER]`: every letter drawn with its samples, to look at before anybody gets one.

It needs no database and no service. A commune's own template in DATA_DIR/letters is drawn instead of ours, and what is
wrong with it is told with typst's own words and line; until it is mended, letters are drawn with ours.
"""

from collections.abc import Iterable
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.control import DONE, FAILED, Say
from bot.settings import Settings
from messages.letters import LETTERS, Letter, Templates, Undrawable

SAMPLES = {"day-du": True, "toi-thieu": False}
"""Names of the samples: every field, or only what a letter cannot be without."""


def letters(settings: Settings, arguments: dict[str, Any], say: Say) -> int:
    """Draw all samples into `arguments["folder"]`; FAILED when one cannot be drawn or a template is nobody's."""
    own = settings.data_dir / "letters"
    folder = Path(arguments.get("folder") or settings.data_dir / "letter-samples")
    templates = Templates(own)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        wrong = [name for name, letter in LETTERS.items() if not _draw(letter, templates, folder, say)]
    except OSError as error:
        say(f"Không ghi được vào {folder}: {error.strerror}.")
        return FAILED
    strange = sorted(path.name for path in own.glob("*.typ") if path.stem not in LETTERS)
    for name in strange:
        say(f"{own / name}: không có mẫu nào tên như vậy. Các mẫu: {', '.join(LETTERS)}.")
    say(f"Đã vẽ {len(LETTERS) - len(wrong)} trên {len(LETTERS)} mẫu vào {folder.absolute()}")
    return FAILED if wrong or strange else DONE


def _draw(letter: type[Letter], templates: Templates, folder: Path, say: Say) -> bool:
    whose = "mẫu của xã" if letter.name in templates.own else "mẫu có sẵn"
    say(f"{letter.name}: {letter.title} ({whose})")
    for line in _fields(letter):
        say(f"  {line}")
    from messages.letters.drawing import draw  # not at the top: every command would load typst

    source = templates.source(letter.name)
    for name, whole in SAMPLES.items():
        sample = letter.sample(whole=whole)
        try:
            drawn = draw(source, sample.data(), getattr(sample, letter.qr, ""), datetime.now(UTC))
        except Undrawable as error:
            say(f"  Chưa vẽ được: {error}")
            return False
        for ending, raw in (("png", drawn.png), ("pdf", drawn.pdf)):
            (folder / f"{letter.name}-{name}.{ending}").write_bytes(raw)
    return True


def _fields(letter: type[Letter]) -> Iterable[str]:
    """Each field as whoever writes a template needs to know it."""
    for each in fields(letter):
        told = each.metadata
        needed = "bắt buộc, " if each.default is MISSING else ""
        lines = f"{told['count']} dòng, mỗi dòng " if "count" in told else ""
        yield f"{each.name}: {told['meaning']} ({needed}nhiều nhất {lines}{told['most']} chữ cái)"
