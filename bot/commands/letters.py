"""`python -m bot letters [FOLDER]`: every letter drawn with its samples, to look at before anybody gets one.

It needs no database and no service. A commune's own templates and words in DATA_DIR/letters are used instead of ours;
what is wrong with them is told with file, line and reason, and until it is mended, letters are drawn with ours. Beside
the pictures lie the words in force, in files that may be changed and copied to DATA_DIR/letters.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, Field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.control import DONE, FAILED, Say
from bot.settings import Settings
from messages.letters import HEADING, LETTERS, Letter, Signed, Templates, Undrawable
from messages.letters.texts import written

SAMPLES = {"day-du": True, "toi-thieu": False}
"""Names of the samples: every field, or only what a letter cannot be without."""
COMMON = fields(Signed)
TO_SIGN = "de-ky"
"""Name of the sample that is printed to be signed."""


def letters(settings: Settings, arguments: dict[str, Any], say: Say) -> int:
    """Draw all samples into `arguments["folder"]`; FAILED when something of the commune's own cannot be used."""
    own = settings.data_dir / "letters"
    folder = Path(arguments.get("folder") or settings.data_dir / "letter-samples")
    templates = Templates(own)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        say("Mọi thư có ký")
        for line in _fields(Signed):
            say(f"  {line}")
        wrong = [name for name, letter in LETTERS.items() if not _draw(letter, templates, folder, say)]
    except OSError as error:
        say(f"Không ghi được vào {folder}: {error.strerror}.")
        return FAILED
    strange = sorted(path.name for path in own.glob("*.typ") if path.stem not in {HEADING, *LETTERS})
    for name in strange:
        say(f"{own / name}: không có mẫu nào tên như vậy. Các mẫu: {', '.join([HEADING, *LETTERS])}.")
    for name, problems in templates.problems.items():
        for problem in problems:
            say(f"{own / name}: {problem}")
    say(f"Đã vẽ {len(LETTERS) - len(wrong)} trên {len(LETTERS)} mẫu vào {folder.absolute()}")
    return FAILED if wrong or strange or templates.problems else DONE


def _draw(letter: type[Letter], templates: Templates, folder: Path, say: Say) -> bool:
    whose = "mẫu của xã" if letter.name in templates.own else "mẫu có sẵn"
    say(f"{letter.name}: {letter.title} ({whose})")
    for line in _fields(letter, COMMON if issubclass(letter, Signed) else ()):
        say(f"  {line}")
    if issubclass(letter, Signed):
        _words(letter, templates, folder, say)
    from messages.letters.drawing import draw  # not at the top: every command would load typst

    for name, sample in _samples(letter, templates):
        try:
            drawn = draw(
                templates.source(letter.name), sample.data(), getattr(sample, letter.qr, ""), datetime.now(UTC)
            )
        except Undrawable as error:
            say(f"  Chưa vẽ được: {_located(str(error), letter.name, templates.heading)}")
            return False
        for ending, raw in (("png", drawn.png), ("pdf", drawn.pdf)):
            if ending == "pdf" or name != TO_SIGN:
                (folder / f"{letter.name}-{name}.{ending}").write_bytes(raw)
    return True


def _samples(letter: type[Letter], templates: Templates) -> Iterator[tuple[str, Letter]]:
    """What is drawn, with the words in force."""
    for name, whole in SAMPLES.items():
        sample = letter.sample(whole=whole)
        if isinstance(sample, Signed):
            sample = replace(sample, body=templates.words(letter.name, sample.data()))
            if whole and not sample.to_sign:
                yield TO_SIGN, replace(sample, to_sign=True)
        yield name, sample


def _words(letter: type[Signed], templates: Templates, folder: Path, say: Say) -> None:
    say(f"  chỗ điền trong lời thư: {', '.join(f'{{{each}}}' for each in letter.placeholders())}")
    for variant, label in templates.variants(letter.name).items():
        file = f"{letter.name}.{variant}.txt" if variant else f"{letter.name}.txt"
        whose = "lời của xã" if variant in templates.texts.get(letter.name, {}) else "lời có sẵn"
        say(f"  {file}: {label} ({whose})")
        (folder / file).write_text(written(templates.text(letter.name, variant)), encoding="utf-8")


def _fields(letter: type[Letter], besides: Iterable[Field[Any]] = ()) -> Iterator[str]:
    """Each field as whoever writes a template needs to know it, but for those that have been told."""
    known = {each.name: each.metadata for each in besides}
    for each in fields(letter):
        told = each.metadata
        if told == known.get(each.name):
            continue
        if "flag" in told:
            yield f"{each.name}: {told['meaning']} (có hoặc không)"
            continue
        needed = "bắt buộc, " if each.default is MISSING else ""
        lines = f"{told['count']} dòng, mỗi dòng " if "count" in told else ""
        yield f"{each.name}: {told['meaning']} ({needed}nhiều nhất {lines}{told['most']} chữ cái)"


def _located(said: str, name: str, heading: bytes) -> str:
    """Typst's own words with the lines of the file they are about: it reads heading and template as one."""
    above = heading.count(b"\n")

    def place(hit: re.Match[str]) -> str:
        line = int(hit["line"])
        file, line = (HEADING, line) if line <= above else (name, line - above)
        return f"{file}.typ:{line}" if hit["file"] else f"{line}"

    return re.sub(r"(?m)(?:(?P<file>__typst_py_bytes__\.typ:)|^)(?P<line>\d+)(?=:| │)", place, said)
