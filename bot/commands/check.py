"""`python -m bot check`: what a person still has to settle, each finding a sentence that says what to do.

It only reads, so it may run beside the service, and it makes nothing: no folder, no key, no database.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TypeVar

from sqlalchemy import Connection, Table, inspect, select, text

from bot import clips, commune_setup, disk, logs, phrases
from bot import commune as communes
from bot.channels.telegram_receive import NAME as TELEGRAM
from bot.commands.check_telegram import check_telegram
from bot.commands.check_zalo import Known, check_zalo, known
from bot.commune import BadCommune, Commune
from bot.commune_changes import changed
from bot.commune_setup import Finding
from bot.commune_zalo import ZaloTerms
from bot.control import DONE, FAILED, Say
from bot.scheduler import SKEW
from bot.settings import Settings
from messages.render import ZONE
from storage import chats, facts, migrate, ticks
from storage.db import create_engine_for, is_postgres, sqlite_path
from storage.facts import Change
from storage.inbox import inbox, lane
from storage.outbox import outbox
from storage.sealing import Keys, Unreadable, unseal

T = TypeVar("T")
OLDEST_SQLITE = (3, 35, 0)
"""UPDATE and INSERT ... RETURNING came with it (sqlite.org/lang_returning.html)."""
OLDEST_POSTGRESQL = 120000
FIRST_YEAR = 2026
COMMUNE_ID = 1
LOW_DISK = communes.Office().low_disk_megabytes
LEVELS = {"error": "Cần sửa", "warning": "Nên xem", "note": "Được biết"}


def check(settings: Settings, say: Say, now: datetime | None = None) -> int:
    """Say every finding, errors first; FAILED when one of them is an error."""
    now = now or datetime.now(UTC)
    changes = _changes(settings)
    commune, found = _commune(settings, now, changes)
    found += [
        *_place(settings, commune),
        *_phrases(settings),
        *_clips(settings),
        *_clock(settings, now),
        *_network(settings),
        *_database(settings, now),
    ]
    found += check_telegram(settings, _groups(settings))
    found += check_zalo(settings, commune.zalo if commune else ZaloTerms(), _of_zalo(settings), now)
    for finding in sorted(found, key=lambda one: one.level):
        say(f"{LEVELS[finding.level]}: {finding.sentence}")
    errors = sum(finding.level == "error" for finding in found)
    warnings = sum(finding.level == "warning" for finding in found)
    say(f"Kiểm tra xong: {errors} việc cần sửa, {warnings} việc nên xem.")
    return FAILED if errors else DONE


def _commune(settings: Settings, now: datetime, changes: list[Change]) -> tuple[Commune | None, list[Finding]]:
    path = settings.data_dir / "commune.toml"
    if not path.exists():
        return None, [Finding("error", f"Chưa có {path}. Xin chạy: python -m bot init")]
    try:
        commune = communes.load(path)
    except BadCommune as bad:
        return None, [Finding("error", f"commune.toml: {problem}") for problem in bad.problems]
    channels = ["web"]
    channels += ["telegram"] if settings.telegram_bot_token else []
    channels += ["zalo"] if settings.zalo_app_id else []
    commune, today = changed(commune, changes), now.astimezone(ZONE).date()
    return commune, [*commune_setup.check(commune, today, channels), *commune_setup.told_in_chat(changes)]


def _changes(settings: Settings) -> list[Change]:
    """What officials have changed in chat."""
    return _read(settings, lambda db: facts.changes(db, COMMUNE_ID) if _has(db, facts.fact_change) else [])


def _groups(settings: Settings) -> list[str]:
    """Groups on Telegram that we have been added to, while none is named as the office's."""
    if settings.telegram_admin_chat_id is not None or not settings.telegram_bot_token:
        return []
    account = settings.telegram_bot_token.partition(":")[0]
    return _read(settings, lambda db: chats.groups(db, COMMUNE_ID, TELEGRAM, account) if _has(db, lane) else [])


def _of_zalo(settings: Settings) -> Known:
    """Our right to act for the Official Account, as it stands in the tables."""
    secret = known_secret(settings)
    if not settings.zalo_app_id or secret is None:
        return Known()
    found = _read(settings, lambda db: [known(db, COMMUNE_ID, settings.zalo_app_id)], secret)
    return found[0] if found else Known()


def _has(db: Connection, table: Table) -> bool:
    return inspect(db).has_table(table.name)


def _read(settings: Settings, work: Callable[[Connection], list[T]], secret: bytes = b"") -> list[T]:
    """What stands in the tables; [] while the database cannot be read, which `_database` tells."""
    if not settings.on_postgresql and not sqlite_path(settings.database).exists():
        return []
    engine = create_engine_for(settings.database, Keys.derive(secret), readonly=True)
    try:
        with engine.connect() as db:
            return work(db)
    except Exception:
        return []
    finally:
        engine.dispose()


def _place(settings: Settings, commune: Commune | None) -> Iterable[Finding]:
    folder = settings.data_dir
    if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
        yield Finding("error", f"Không ghi được vào {folder}. Xin cấp quyền cho người dùng chạy dịch vụ.")
    key = folder / "secret.key"
    if not settings.secret_key and key.exists() and key.stat().st_mode & 0o077:
        yield Finding("error", f"Người khác đọc được {key}. Xin chạy: chmod 600 {key}")
    least = commune.office.low_disk_megabytes if commune else LOW_DISK
    if disk.is_low(folder, least):
        left = disk.free(folder) // disk.MEGABYTE
        yield Finding("error", f"Đĩa chỉ còn {left} MB, cần ít nhất {least} MB. Xin dọn bớt.")


def _phrases(settings: Settings) -> Iterable[Finding]:
    for problem in phrases.load(settings.data_dir)[1]:
        yield Finding("warning", f"Cụm từ của xã, {str(problem)[0].lower()}{str(problem)[1:]}")


ODD_CLIPS = {
    clips.NOT_HEARD: "không phải lời ghi âm OGG (Opus), MP3 hay M4A",
    clips.LARGE: f"nặng hơn {clips.MOST_BYTES // 1_000_000} MB",
    clips.UNKNOWN: "không phải tên của lời đọc nào",
}


def _clips(settings: Settings) -> Iterable[Finding]:
    folder = settings.data_dir / clips.FOLDER
    try:
        found = clips.languages(folder)
    except OSError:
        yield Finding("warning", f"Không đọc được {folder}. Xin cấp quyền cho người dùng chạy dịch vụ.")
        return
    for each in found:
        for name, why in each.odd:
            yield Finding("warning", f"Lời đọc tiếng {each.name}: tệp {name} {ODD_CLIPS[why]}.")
        if each.missing:
            missing = ", ".join(f"{key}.ogg" for key in each.missing)
            yield Finding("warning", f"Chưa mời nghe tiếng {each.name}: còn thiếu {missing}.")


def _clock(settings: Settings, now: datetime) -> Iterable[Finding]:
    if settings.clock_start is not None or settings.clock_rate != 1:
        yield Finding("warning", "Đang dùng đồng hồ thử (CLOCK_START, CLOCK_RATE). Xin bỏ khi chạy thật.")
    if now.year < FIRST_YEAR:
        yield Finding("error", f"Đồng hồ máy chỉ {now.astimezone(ZONE):%d/%m/%Y}. Xin chỉnh giờ và bật đồng bộ giờ.")


def _network(settings: Settings) -> Iterable[Finding]:
    try:
        local = ip_address(settings.http_host).is_loopback
    except ValueError:
        local = settings.http_host == "localhost"
    if not local and not settings.public_url:
        yield Finding("warning", "Máy khác vào được trang mà không qua https. Xin đặt PUBLIC_URL và một máy chủ https.")
    if settings.public_url and not settings.trusted_proxy:
        yield Finding(
            "warning", "TRUSTED_PROXY còn trống: mọi bà con sẽ bị tính là một địa chỉ. Xin ghi địa chỉ máy chủ https."
        )


def _database(settings: Settings, now: datetime) -> list[Finding]:
    if not settings.on_postgresql:
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            return [
                Finding("error", f"SQLite {sqlite3.sqlite_version} quá cũ. Xin dùng Python kèm SQLite 3.35 trở lên.")
            ]
        if not sqlite_path(settings.database).exists():
            return [Finding("warning", "Chưa có cơ sở dữ liệu. Lần chạy đầu tiên sẽ tạo.")]
    secret = known_secret(settings)
    engine = create_engine_for(settings.database, Keys.derive(secret or b""), readonly=True)
    try:
        with engine.connect() as db:
            return [*_server(db), *_schema(db, secret is not None, now)]
    except Exception as error:
        return [
            Finding("error", f"Không mở được cơ sở dữ liệu ({logs.kind(error)}). Xin xem DATABASE_URL và quyền tệp.")
        ]
    finally:
        engine.dispose()


def known_secret(settings: Settings) -> bytes | None:
    """The secret key if there is one; unlike `bot.settings.secret_key` this makes none."""
    path = settings.data_dir / "secret.key"
    if settings.secret_key:
        return settings.secret_key.encode()
    return path.read_bytes().strip() if path.exists() else None


def _server(db: Connection) -> Iterable[Finding]:
    if not is_postgres(db):
        return
    if int(db.execute(text("SHOW server_version_num")).scalar_one()) < OLDEST_POSTGRESQL:
        yield Finding("error", "PostgreSQL quá cũ. Xin dùng bản 12 trở lên.")
    if db.execute(text("SHOW server_encoding")).scalar_one() != "UTF8":
        yield Finding("error", "Cơ sở dữ liệu không dùng bảng mã UTF8. Xin tạo lại với ENCODING 'UTF8'.")


def _schema(db: Connection, has_key: bool, now: datetime) -> Iterable[Finding]:
    revision = migrate.current(db)
    if revision is None:
        yield Finding("warning", "Cơ sở dữ liệu còn trống. Lần chạy đầu tiên sẽ tạo các bảng.")
        return
    if not migrate.knows(revision):
        yield Finding("error", "Cơ sở dữ liệu là của bản mới hơn. Xin cài lại bản mới của chương trình.")
        return
    if revision != migrate.head():
        yield Finding("warning", "Cơ sở dữ liệu là của bản cũ. Xin sao lưu, rồi khởi động dịch vụ để nâng cấp.")
    if not has_key or not opens(db):
        yield Finding("error", "Khóa bí mật không mở được dữ liệu đã niêm phong. Xin đặt lại đúng SECRET_KEY đã cất.")
    last = ticks.last(db, 1) if inspect(db).has_table("tick") else None
    if last is not None and last - now > max(SKEW, timedelta(0)):
        shown = f"{now.astimezone(ZONE):%H:%M %d/%m/%Y}"
        yield Finding("error", f"Đồng hồ máy chỉ {shown}, sớm hơn việc đã làm. Xin chỉnh giờ và bật đồng bộ giờ.")


def opens(db: Connection) -> bool:
    """Whether the key of this connection opens what is sealed here; True when nothing is."""
    for column in (inbox.c.raw, outbox.c.body):
        sealed = db.execute(select(column).where(column.is_not(None)).limit(1)).scalar()
        if sealed is not None:
            try:
                unseal(db, sealed)
            except Unreadable:
                return False
    return True
