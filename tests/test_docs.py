"""The README tells the truth: settings, commands and files it names exist, and none is missing."""

import re
from pathlib import Path

from bot.__main__ import parser
from bot.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def settings_table() -> str:
    """The README's table of settings, as the class has it."""
    rows = ["| name | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = ", ".join(field.default) if isinstance(field.default, tuple) else field.default
        shown = "" if default in (None, "") else f"`{default:g}`" if isinstance(default, float) else f"`{default}`"
        rows.append(f"| `{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(rows)


def test_the_readme_lists_every_setting() -> None:
    """The table in the README is the one of the settings class."""
    assert settings_table() in README


def test_the_readme_names_every_command() -> None:
    """Each command of the command line stands in the README."""
    for command in parser()._subparsers._group_actions[0].choices:
        assert f"`{command}" in README, command


def test_the_files_the_readme_links_to_exist() -> None:
    """No link of the README is dead."""
    for target in re.findall(r"\]\(((?!http|#)[^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_imports_point_one_way() -> None:
    """storage knows only itself; messages nobody; channels never a handler; only bot.app knows the handlers."""
    allowed = {
        "storage": {"storage"},
        "messages": {"messages"},
        "handlers": {"handlers", "messages", "storage", "bot"},
        "bot": {"bot", "messages", "storage"},
    }
    for path in (path for room in allowed for path in (ROOT / room).rglob("*.py")):
        room = path.relative_to(ROOT).parts[0]
        pattern = r"^\s*(?:from|import) (bot|handlers|messages|storage)\b"
        rooms = set(re.findall(pattern, path.read_text(), re.MULTILINE))
        wanted = allowed[room] | ({"handlers"} if path == ROOT / "bot" / "app.py" else set())
        assert rooms <= wanted, f"{path} imports {rooms - wanted}"


def test_only_one_file_may_know_telegram() -> None:
    """The library of a channel stays in that channel's file."""
    for path in (ROOT / "bot").rglob("*.py"):
        if path.name != "telegram.py":
            assert not re.search(r"^\s*(from|import) telegram\b", path.read_text(), re.MULTILINE), path
