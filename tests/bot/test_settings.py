"""Settings: every name, every problem at once, no secret in a sentence."""

import os
import re
import stat
from datetime import datetime
from pathlib import Path
from threading import Thread

import pytest

from bot.settings import ZONE, BadSettings, Settings, names, secret_key

ROOT = Path(__file__).parents[2]
KEY = "k" * 40


def load(**environ: str) -> Settings:
    return Settings.load(environ, env_file=None)


def problems(**environ: str) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        load(**environ)
    assert str(caught.value).split("\n") == caught.value.problems
    return caught.value.problems


def test_no_settings_at_all_are_enough():
    """With an empty environment the defaults of the design hold."""
    settings = load()
    assert settings.data_dir == Path("data")
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 8080)
    assert settings.telegram_mode == "auto"
    assert settings.zalo_media_hosts == (".zdn.vn",)
    assert settings.clock_start is None
    assert not settings.on_postgresql


def test_an_empty_value_is_unset():
    """A name without a value, as in .env.example, keeps its default."""
    assert load(**dict.fromkeys(names(), " ")) == load()


def test_values_are_read():
    """Lists, times and addresses come out as values of their own kind."""
    settings = load(
        TRUSTED_PROXY="127.0.0.1, 10.0.0.0/8", WEB_EMBED_ORIGINS="https://suoilanh.example/", CLOCK_RATE="60",
        CLOCK_START="2026-11-27T08:00", PUBLIC_URL="https://chat.example/", TELEGRAM_ADMIN_CHAT_ID="-100123",
        DATABASE_URL="postgresql+psycopg://u:p@db/x", SECRET_KEY=KEY, TELEGRAM_API_URL="http://127.0.0.1:9000",
    )
    assert [str(network) for network in settings.trusted_proxy] == ["127.0.0.1/32", "10.0.0.0/8"]
    assert settings.web_embed_origins == ("https://suoilanh.example",)
    assert settings.clock_start == datetime(2026, 11, 27, 8, tzinfo=ZONE)
    assert settings.public_url == "https://chat.example"
    assert settings.telegram_admin_chat_id == -100123
    assert settings.on_postgresql


def test_all_problems_are_told_at_once():
    """Every bad value and every misspelt name has its own line in one report."""
    found = problems(
        HTTP_PORT="70000", TELEGRAM_MODE="push", PUBLIC_URL="http://chat.example", CLOCK_START="tomorrow",
        CLOCK_RATE="0", TELEGRAM_BOT_TOKN="1:a", ZALO_COLOUR="red", DATABASE_UR="sqlite:///x", LANGUAGE="fr",
        DATABASE_URL="mysql://x", TRUSTED_PROXY="1.2.3.4, nobody", WEB_EMBED_ORIGINS="https://a.example/page",
        ZALO_MEDIA_HOSTS="???", TELEGRAM_ADMIN_CHAT_ID="group",
    )
    told = {line.split(":")[0] for line in found}
    assert told == {
        "HTTP_PORT", "TELEGRAM_MODE", "PUBLIC_URL", "CLOCK_START", "CLOCK_RATE", "TELEGRAM_BOT_TOKN", "ZALO_COLOUR",
        "DATABASE_UR", "LANGUAGE", "DATABASE_URL", "TRUSTED_PROXY", "WEB_EMBED_ORIGINS", "ZALO_MEDIA_HOSTS",
        "TELEGRAM_ADMIN_CHAT_ID",
    }
    assert "HTTP_PORT: cần nhiều nhất 65535" in found
    assert "TELEGRAM_BOT_TOKN: không có thiết lập này; có phải TELEGRAM_BOT_TOKEN?" in found
    assert "TELEGRAM_MODE: cần một trong các giá trị auto, poll, webhook" in found


@pytest.mark.parametrize("environ", [
    {"HTTP_PROXY": "http://proxy:3128"}, {"WEB_CONCURRENCY": "2"}, {"LANGUAGE": "en_US:en"}, {"PGDATADIR": "/x"},
    {"XDG_DATA_DIRS": "/usr/share"}, {"LANG": "en_US.UTF-8"},
])
def test_names_of_other_programs_are_left_alone(environ):
    """What desktops and hosting sites set in the environment neither stops the service nor changes its language."""
    assert load(**environ) == load()


def test_postgresql_needs_the_secret_key():
    """With PostgreSQL several processes share one key, so it has to be given."""
    found = problems(DATABASE_URL="postgresql+psycopg://db/x", HTTP_PORT="many")
    assert [line.split(":")[0] for line in found] == ["SECRET_KEY", "HTTP_PORT"]


def test_settings_that_belong_together():
    """Half a Zalo, a webhook without an address and a short key are each told."""
    found = problems(ZALO_APP_ID="123", TELEGRAM_MODE="webhook", SECRET_KEY="short")
    assert [line.split(":")[0] for line in found] == [
        "SECRET_KEY", "TELEGRAM_MODE", "ZALO_APP_SECRET", "ZALO_OA_SECRET_KEY"]


def test_no_secret_is_told():
    """Neither a report of problems nor the printed settings contain a secret value."""
    secret = "not-a-token-but-secret"
    found = problems(TELEGRAM_BOT_TOKEN=secret, DATABASE_URL=secret, TELEGRAM_WEBHOOK_SECRET=secret + "!")
    assert len(found) == 3
    assert secret not in "\n".join(found)
    settings = load(SECRET_KEY=KEY, DATABASE_URL="postgresql+psycopg://u:hidden@db/x", ZALO_REFRESH_TOKEN=secret)
    assert not any(word in repr(settings) for word in (KEY, "hidden", secret))


def test_a_file_stands_under_the_environment(tmp_path):
    """`.env` is read, and the process environment goes before it."""
    file = tmp_path / ".env"
    file.write_text("HTTP_PORT=9000\nHTTP_HOST=0.0.0.0\n", encoding="utf-8")
    settings = Settings.load({"HTTP_PORT": "9001"}, env_file=file)
    assert (settings.http_host, settings.http_port) == ("0.0.0.0", 9001)


def test_the_process_environment_is_the_default(monkeypatch):
    """Without arguments the environment of the process counts."""
    for name in names():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PORT", "9002")
    assert Settings.load(env_file=None).http_port == 9002


def test_the_example_lists_each_name_with_a_comment():
    """`.env.example` and the class list the same names in the same order, each under a comment line."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    found = [(i, match[1]) for i, line in enumerate(lines) if (match := re.match(r"([A-Z_]+)=", line))]
    assert [name for _, name in found] == names()
    assert all(lines[i - 1].startswith("# ") for i, _ in found)
    for (i, name), field in zip(found, Settings.model_fields.values(), strict=True):
        assert lines[i - 1] == f"# {field.description}", name
    assert Settings.load({}, env_file=ROOT / ".env.example") == load()


def test_the_key_is_made_once(tmp_path):
    """Without SECRET_KEY a key only its owner can read is made in DATA_DIR and stays the same."""
    settings = load(DATA_DIR=str(tmp_path / "new"))
    key = secret_key(settings)
    assert len(key) == 43
    assert secret_key(settings) == key
    assert stat.S_IMODE(os.stat(tmp_path / "new" / "secret.key").st_mode) == 0o600
    assert os.listdir(tmp_path / "new") == ["secret.key"]
    assert secret_key(load(SECRET_KEY=KEY)) == KEY.encode()


def test_two_processes_make_one_key(tmp_path):
    """When several start at the same moment they all read the same key."""
    settings, keys = load(DATA_DIR=str(tmp_path)), []
    threads = [Thread(target=lambda: keys.append(secret_key(settings))) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_a_damaged_key_is_never_replaced(tmp_path):
    """An empty key file is reported: a new key would leave sealed words unreadable."""
    (tmp_path / "secret.key").write_text("", encoding="ascii")
    with pytest.raises(BadSettings, match="khóa bị hỏng"):
        secret_key(load(DATA_DIR=str(tmp_path)))
