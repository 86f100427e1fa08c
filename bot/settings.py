"""Every setting of the service, in one class: its name outside, its default, its meaning.

`Settings.load` reads the process environment over an optional `.env` and reports all problems together, because an
operator who is told one mistake per start gives up after the third. Misspelt names are problems too: a forgotten letter
in TELEGRAM_BOT_TOKEN would otherwise switch a channel off without a word. Secret values are never part of a sentence.
"""

import os
import re
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from rapidfuzz.distance import OSA

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SECRET_LENGTH = 32
"""The shortest SECRET_KEY taken, in characters; `init` prints one of 43."""

OUR_PREFIXES = ("TELEGRAM_", "ZALO_", "HTTP_", "WEB_", "CLOCK_")
# Names with our prefixes that belong to others: the proxy of curl and requests, the web workers of hosting sites.
NOT_OURS = frozenset({"HTTP_PROXY", "WEB_CONCURRENCY", "HTTP_USER_AGENT"})


class BadSettings(Exception):
    """The service cannot start with these settings; `problems` holds one Vietnamese sentence for each mistake."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


def _listed(value: object) -> object:
    return tuple(part for part in re.split(r"[,\s]+", value) if part) if isinstance(value, str) else value


def _loopback(host: str | None) -> bool:
    return host in {"localhost", "::1"} or bool(host and re.fullmatch(r"127(\.\d{1,3}){3}", host))


def on_loopback(url: str) -> bool:
    """Whether an address is on this machine: a stand-in, a local Bot API server."""
    return _loopback(urlsplit(url).hostname)


def _url(value: str) -> str:
    """An http(s) address without its last slash; plain http only on this machine (stand-ins, reverse proxies)."""
    if not value:
        return value
    with suppress(ValueError):
        parts = urlsplit(value)
        port_is_read = parts.port is None or parts.port > 0
        plain = parts.scheme == "http" and _loopback(parts.hostname)
        clean = not (parts.query or parts.fragment or parts.username or re.search(r"\s", value))
        if port_is_read and clean and parts.hostname and (parts.scheme == "https" or plain):
            return value.rstrip("/")
    raise ValueError("cần một địa chỉ https (http chỉ dùng trên chính máy này)")


def _origin(value: str) -> str:
    url = _url(value)
    if urlsplit(url).path:
        raise ValueError("cần dạng https://tên-miền, không kèm đường dẫn")
    return url


def _database(value: str) -> str:
    if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError("cần bắt đầu bằng sqlite:/// hoặc postgresql+psycopg://")
    return value


def _network(value: object) -> object:
    try:
        return ip_network(value, strict=False) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("cần địa chỉ IP hoặc dải IP, cách nhau bằng dấu phẩy") from None


def _media_host(value: str) -> str:
    if not re.fullmatch(r"\.?([a-z0-9-]+\.)+[a-z]{2,}", value, re.IGNORECASE):
        raise ValueError("cần tên miền, ví dụ .zdn.vn")
    return value.lower()


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("cần thời điểm dạng ISO, ví dụ 2026-11-27T08:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)


def _language(value: object) -> object:
    # Desktops set LANGUAGE for gettext ("en_US:en"): that is no wish of this operator, so it is not one here either.
    return "vi" if isinstance(value, str) and re.search(r"[_:]", value) else value


def _pattern(pattern: str, why: str) -> AfterValidator:
    def check(value: str) -> str:
        if value and not re.fullmatch(pattern, value):
            raise ValueError(why)
        return value

    return AfterValidator(check)


Listed = BeforeValidator(_listed)
Url = Annotated[str, AfterValidator(_url)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]


def _setting(default: Any, meaning: str, *, secret: bool = False, **limits: Any) -> Any:
    return Field(default, description=meaning, repr=not secret, **limits)


class Settings(BaseSettings):
    """The settings, checked. The name outside is the field's name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: Annotated[str, AfterValidator(_database)] = _setting(
        "", "Database: sqlite:///… or postgresql+psycopg://…; empty: gandan.db in DATA_DIR", secret=True
    )
    data_dir: Path = _setting(Path("data"), "Folder of the database, commune file, received files, letters and backups")
    http_host: str = _setting("127.0.0.1", "Address the one web server listens on", min_length=1)
    http_port: int = _setting(8080, "Port the one web server listens on; 0: any free port", ge=0, le=65535)
    public_url: Url = _setting("", "The https address seen from outside")
    trusted_proxy: Annotated[tuple[Network, ...], Listed] = _setting(
        (), "Reverse proxies whose client address counts: IP addresses or ranges, separated by commas"
    )
    web_embed_origins: Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], Listed] = _setting(
        (), "Sites that may embed the chat box (https://…), separated by commas"
    )
    telegram_bot_token: Annotated[str, _pattern(r"\d+:[\w-]+", "cần dạng số:chữ do BotFather cấp")] = _setting(
        "", "Token of the Telegram bot; empty: Telegram off", secret=True
    )
    telegram_api_url: Url = _setting("https://api.telegram.org", "A local Bot API server or a stand-in")
    telegram_mode: Literal["auto", "poll", "webhook"] = _setting(
        "auto", "How Telegram's events come: auto (webhook when PUBLIC_URL is set), poll, webhook"
    )
    telegram_webhook_secret: Annotated[str, _pattern(r"[\w-]{1,256}", "chỉ gồm chữ không dấu, số, _ và -")] = _setting(
        "", "Secret in the header of Telegram's webhook; empty: derived from SECRET_KEY", secret=True
    )
    telegram_admin_chat_id: int | None = _setting(None, "Chat id of the officials' group on Telegram")
    telegram_personal_data: Literal["masked", "full"] = _setting(
        "masked", "Names and phones in messages on Telegram, whose servers are abroad: masked or full"
    )
    zalo_app_id: Annotated[str, _pattern(r"\d+", "cần một dãy số")] = _setting(
        "", "Id of the Zalo application; empty: Zalo off"
    )
    zalo_app_secret: str = _setting("", "Secret key of the Zalo application", secret=True)
    zalo_oa_secret_key: str = _setting("", "Key that signs the events of the Official Account", secret=True)
    zalo_refresh_token: str = _setting("", "The first refresh token; later pairs live in the database", secret=True)
    zalo_api_url: Url = _setting("https://openapi.zalo.me", "Zalo's Official Account host, or a stand-in")
    zalo_oauth_url: Url = _setting("https://oauth.zaloapp.com", "Zalo's token host, or a stand-in")
    zalo_business_url: Url = _setting("https://business.openapi.zalo.me", "Zalo's template message host, or a stand-in")
    zalo_media_hosts: Annotated[tuple[Annotated[str, AfterValidator(_media_host)], ...], Listed] = _setting(
        (".zdn.vn",), "Host suffixes that received media may be fetched from, separated by commas"
    )
    zalo_signature: Literal["enforce", "log"] = _setting(
        "enforce", "enforce, or log: accept unsigned events for a trial day"
    )
    secret_key: str = _setting(
        "", "Signing and sealing keys come from it; empty: made in DATA_DIR (required with PostgreSQL)", secret=True
    )
    language: Annotated[Literal["vi", "en"], BeforeValidator(_language)] = _setting("vi", "Default language: vi or en")
    clock_start: Annotated[datetime | None, BeforeValidator(_moment)] = _setting(
        None, "ISO time at which a moving test clock starts; empty: the real clock"
    )
    clock_rate: float = _setting(1.0, "How fast the test clock runs, as a multiple of real time", gt=0, le=100_000)

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` hands over: it has to see all the names itself to find the misspelt ones."""
        return (init_settings,)

    @property
    def database(self) -> str:
        """The address of the database in use: DATABASE_URL, or gandan.db in DATA_DIR."""
        return self.database_url or f"sqlite:///{self.data_dir / 'gandan.db'}"

    @property
    def on_postgresql(self) -> bool:
        """True when the database is PostgreSQL (scale-out), False for SQLite (embedded)."""
        return self.database_url.startswith("postgresql")

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Self:
        """The settings of `environ` (the process's own when None) over those of `env_file`; an empty value is unset.

        Raises BadSettings with every problem found.
        """
        written = {name: value or "" for name, value in dotenv_values(env_file).items()} if env_file else {}
        given = written | dict(os.environ if environ is None else environ)
        said = {name: given.get(name.upper(), "").strip() for name in cls.model_fields}
        values: dict[str, Any] = {name: value for name, value in said.items() if value}
        problems = _misspelt(given) + _together(values)
        try:
            settings = cls(**values)
        except ValidationError as error:
            raise BadSettings(problems + explain(error, upper=True)) from None
        if problems:
            raise BadSettings(problems)
        return settings


def names() -> list[str]:
    """The names outside, in the order of the class."""
    return [name.upper() for name in Settings.model_fields]


def _misspelt(given: Mapping[str, str]) -> list[str]:
    """A sentence for each name that looks like one of ours and is not."""
    known = names()
    problems = []
    for name in sorted(set(given) - set(known) - NOT_OURS):
        near = min(known, key=lambda ours: OSA.distance(name.upper(), ours))
        # Short names stand nearer to foreign ones by chance (DATADIR, LANGUAGES): one slip there, two in long ones.
        likely = OSA.distance(name.upper(), near) <= (1 if len(near) < 12 else 2)
        if likely and name.upper() not in NOT_OURS:
            problems.append(f"{name}: không có thiết lập này; có phải {near}?")
        elif name.startswith(OUR_PREFIXES):
            problems.append(f"{name}: không có thiết lập này")
    return problems


def _together(values: Mapping[str, str]) -> list[str]:
    """Problems of settings that are fine alone; judged on the words as given, so that they join the one report."""
    given = {name: values.get(name, "") for name in Settings.model_fields}
    problems = []
    if given["secret_key"] and len(given["secret_key"]) < SECRET_LENGTH:
        problems.append(f"SECRET_KEY: cần ít nhất {SECRET_LENGTH} ký tự")
    if given["database_url"].startswith("postgresql") and not given["secret_key"]:
        problems.append("SECRET_KEY: cần đặt khi dùng PostgreSQL, vì mọi tiến trình phải chung một khóa")
    if given["telegram_mode"] == "webhook" and not given["public_url"]:
        problems.append("TELEGRAM_MODE: chế độ webhook cần PUBLIC_URL")
    zalo = ("zalo_app_id", "zalo_app_secret", "zalo_oa_secret_key")
    if any(given[name] for name in zalo):
        problems += [f"{name.upper()}: cần đặt khi dùng Zalo" for name in zalo if not given[name]]
    return problems


_SENTENCES = {
    "missing": "còn thiếu",
    "extra_forbidden": "không có mục này",
    "string_type": "cần chữ trong ngoặc kép",
    "int_parsing": "cần một số nguyên",
    "int_type": "cần một số nguyên",
    "int_from_float": "cần một số nguyên",
    "float_parsing": "cần một số",
    "finite_number": "cần một số",
    "bool_type": "cần true hoặc false",
    "bool_parsing": "cần true hoặc false",
    "date_type": "cần ngày dạng 2026-11-27",
    "date_from_datetime_parsing": "cần ngày dạng 2026-11-27",
    "date_from_datetime_inexact": "cần ngày dạng 2026-11-27",
    "tuple_type": "cần một danh sách trong ngoặc vuông",
    "dict_type": "cần một nhóm mục",
    "model_type": "cần một nhóm mục",
    "string_too_short": "không được để trống",
    "too_short": "không được để trống",
}
_LIMITS = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}
_WORDS = {"gt": "cần lớn hơn", "ge": "cần ít nhất", "lt": "cần nhỏ hơn", "le": "cần nhiều nhất"}


def explain(error: ValidationError, *, upper: bool = False) -> list[str]:
    """One Vietnamese sentence for each problem pydantic found, without the values (they may be secret)."""
    problems = []
    for one in error.errors(include_input=False, include_url=False):
        place = ".".join(str(part + 1 if isinstance(part, int) else part) for part in one["loc"])
        why = _reason(one["type"], one["msg"], one.get("ctx", {}))
        place = place.split(".")[0].upper() if upper else place
        problems += [f"{place}: {line}" if place else line for line in why.split("\n")]
    return list(dict.fromkeys(problems))


def _reason(kind: str, message: str, context: Mapping[str, Any]) -> str:
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    if kind == "literal_error":
        return "cần một trong các giá trị " + str(context["expected"]).replace("'", "").replace(" or ", ", ")
    if kind in _LIMITS:
        return f"{_WORDS[_LIMITS[kind]]} {context[_LIMITS[kind]]}"
    return _SENTENCES.get(kind, "giá trị không hợp lệ")


def secret_key(settings: Settings) -> bytes:
    """The key everything secret is derived from: SECRET_KEY, or DATA_DIR/secret.key, made at the first call (0600).

    The file holds text that can be copied to paper and later given as SECRET_KEY. Raises BadSettings when the file is
    damaged: a new key would leave every sealed word unreadable, so none is made over it.
    """
    if settings.secret_key:
        return settings.secret_key.encode()
    path = settings.data_dir / "secret.key"
    if not path.exists():
        _create_secret(path)
    key = path.read_bytes().strip()
    if len(key) < SECRET_LENGTH:
        raise BadSettings([f"{path}: khóa bị hỏng; xin chép lại khóa đã in khi khởi tạo"])
    return key


def _create_secret(path: Path) -> None:
    """Write a new key; when two processes race, the first one's key stays (a link never replaces)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
