"""POST /api/dossiers: a one-stop system hands dossiers over by itself; GET /api/openapi.json says how.

A call is signed with the system's token over its time and its body, so that neither can be another's; it bears a key
under which it may be repeated for a week and happens once. Rows go the way of every list (`storage.imports`): the same
trail, digests and news. A call is one transaction, so a power cut leaves all of it or nothing. A row is the whole truth
of a dossier as a row of a file is, but what it leaves out keeps its value; null or "" empties it.

What is read and answered, and the document that says so, are `bot.api_document`. What this file says is Vietnamese and
written here, as in `bot.commands`: its reader mends another system.
"""

import asyncio
import contextlib
import hashlib
import hmac
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from aiohttp import web
from pydantic import ValidationError
from sqlalchemy import Connection

from bot import logs
from bot.api_document import (
    BODY_BYTES,
    FIELD_OF,
    FIELDS,
    KEY,
    MOST_ROWS,
    NAME,
    Delivery,
    DossierRow,
    Problem,
    Receipt,
    Remark,
    openapi,
)
from bot.dossier_file import Dossier, Refusal, read_rows
from bot.settings import ZONE
from messages import codes
from messages.fold import fold
from storage import imports, systems
from storage.db import Kind, temporary
from storage.imports import Counts, Run
from storage.systems import Answer

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger(__name__)

SKEW = timedelta(minutes=5)
"""How far the clock of a system may be from ours."""
CALLS, TRIES = 60, 120
"""A minute: calls of one system, and tries from one address."""
BODY_SECONDS = 30.0
TRIES_AGAIN = 3
"""How often rows are compared anew when other data come between comparing and writing."""


class Refused(Exception):
    """The call is not taken."""

    def __init__(
        self, status: HTTPStatus, detail: str, errors: Iterable[Remark] = (), retry_after: int | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.retry_after = status, detail, tuple(errors), retry_after

    def response(self) -> web.Response:
        """As JSON (RFC 9457)."""
        told = Problem(title=TITLES[self.status], status=self.status, detail=self.detail, errors=self.errors)
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        body = told.model_dump_json(exclude_defaults=True).encode()
        return web.Response(body=body, status=self.status, content_type="application/problem+json", headers=headers)


TITLES: Mapping[int, str] = {
    400: "Lời gọi chưa đúng", 401: "Chưa xác nhận được hệ thống", 409: "Đang nhập số liệu khác",
    413: "Thân quá lớn", 415: "Kiểu nội dung không nhận", 422: "Nội dung chưa đúng", 429: "Gọi quá nhiều",
    500: "Lỗi của chương trình", 503: "Tạm thời chưa nhận được",
}  # fmt: skip


class Meanwhile(Exception):
    """Other data have come between comparing and writing."""


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls, what, under which key."""

    system: str
    key: str
    digest: str
    body: bytes


# --- the routes -------------------------------------------------------------------------------------------------------


@dataclass
class Rates:
    """How often somebody has come within the last minute."""

    _times: dict[str, deque[float]] = field(default_factory=dict)

    def count(self, who: str, most: int) -> int | None:
        """None when he may; else how many seconds he should wait."""
        now = time.monotonic()
        recent = self._times.setdefault(who, deque())
        while recent and recent[0] <= now - 60:
            recent.popleft()
        if len(recent) >= most:
            return int(recent[0] + 60 - now) + 1
        recent.append(now)
        if len(self._times) > 5000:
            self._times = {name: times for name, times in self._times.items() if times and times[-1] > now - 60}
        return None


class Api:
    """What other systems may call. `address(request)` tells from where."""

    def __init__(self, app: "App", address: Callable[[web.Request], str]) -> None:
        self._app, self._address, self._rates = app, address, Rates()
        self._document = orjson.dumps(openapi(app.settings.public_url), option=orjson.OPT_INDENT_2)

    def routes(self) -> list[web.RouteDef]:
        """Everything served here."""
        return [web.post("/api/dossiers", self.receive), web.get("/api/openapi.json", self.openapi)]

    async def openapi(self, request: web.Request) -> web.Response:
        """The document that tells all this to a machine."""
        return web.Response(body=self._document, content_type="application/json")

    async def receive(self, request: web.Request) -> web.Response:
        """Dossiers of a system; answered when they are written."""
        call: Call | None = None
        try:
            call = await self._call(request)
            return await self._answer(call)
        except Refused as refused:
            with contextlib.suppress(Exception):  # the database is away: the answer holds all the same
                await self._note(call, refused.status)
            return refused.response()
        except Exception as error:
            if temporary(error):
                return Refused(HTTPStatus.SERVICE_UNAVAILABLE, "Xin gọi lại sau ít giây.", retry_after=5).response()
            reference = logs.new_reference()
            log.error("system_call_failed", reference=reference, exc_info=error)
            told = f"Chưa nhận hồ sơ nào. Mã để tra trong nhật ký: {reference}."
            return Refused(HTTPStatus.INTERNAL_SERVER_ERROR, told).response()

    async def _note(self, call: Call | None, status: int) -> None:
        """A call that was signed is written down, whatever became of it."""
        if call is None or status == HTTPStatus.TOO_MANY_REQUESTS:
            return
        log.info("system_call", system=call.system, status=int(status))
        await self._app.database.write(
            systems.note, self._app.place.commune_id, call.system, self._app.clock.now(), int(status)
        )

    # --- whose call it is ---

    async def _call(self, request: web.Request) -> Call:
        self._spare(f"address:{self._address(request)}", TRIES)
        if (
            request.content_type != "application/json"
            or request.headers.get("Content-Encoding", "identity") != "identity"
        ):
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Xin gửi application/json, không nén.")
        body = await _body(request)
        name = await self._signed(request.headers, body)
        self._spare(f"system:{name}", CALLS)
        key = request.headers.get("Idempotency-Key", "")
        if not KEY.fullmatch(key):
            raise Refused(
                HTTPStatus.BAD_REQUEST, "Cần tiêu đề Idempotency-Key: 1–200 ký tự ASCII, riêng cho mỗi lời gọi."
            )
        return Call(name, key, hashlib.sha256(body).hexdigest(), body)

    def _spare(self, who: str, most: int) -> None:
        wait = self._rates.count(who, most)
        if wait is not None:
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, f"Mỗi phút nhận {most} lời gọi.", retry_after=wait)

    async def _signed(self, headers: Mapping[str, str], body: bytes) -> str:
        """The system whose token has signed this."""
        name, stamp = headers.get("X-System", ""), headers.get("X-Timestamp", "")
        given = headers.get("X-Signature", "").encode("utf-8", "surrogateescape")
        if not NAME.fullmatch(name) or not re.fullmatch(r"\d{1,12}", stamp, re.ASCII) or not given:
            raise Refused(HTTPStatus.UNAUTHORIZED, "Cần ba tiêu đề X-System, X-Timestamp (giây Unix), X-Signature.")
        if abs(self._app.clock.now().timestamp() - int(stamp)) > SKEW.total_seconds():
            raise Refused(HTTPStatus.UNAUTHORIZED, "Đồng hồ lệch hơn 5 phút. Xin chỉnh giờ rồi gọi lại.")
        secret = await self._app.database.read(systems.secret, self._app.place.commune_id, name)
        right = signature(secret or self._app.keys.token("nobody"), stamp, body)
        if not hmac.compare_digest(given, right.encode()) or secret is None:
            raise Refused(
                HTTPStatus.UNAUTHORIZED, "Chữ ký không đúng, hoặc hệ thống chưa có mã. Xin xem /api/openapi.json."
            )
        return name

    # --- what it brings ---

    async def _answer(self, call: Call) -> web.Response:
        database, commune_id = self._app.database, self._app.place.commune_id
        before = await database.read(systems.answered, commune_id, call.system, call.key, self._app.clock.now())
        if before is not None:
            return _again(call, before)
        delivery = await asyncio.to_thread(_read, call.body)
        for _each in range(TRIES_AGAIN):
            try:
                said, first = await self._take(call, delivery)
            except Meanwhile:
                continue
            except imports.Busy:
                break
            return _again(call, said) if not first else _told(said.answer)
        raise Refused(HTTPStatus.CONFLICT, "Một lần nhập khác đang chạy. Xin gọi lại sau.", retry_after=10)

    async def _take(self, call: Call, delivery: Delivery) -> tuple[Answer, bool]:
        """Compare outside, write inside: what a call answers, and whether this very call has done it."""
        app, now = self._app, self._app.clock.now()
        as_of = min(delivery.data_as_of, now)
        keys = [key for row in delivery.dossiers if (key := codes.key(codes.canonical(row.code) or ""))]
        standing = await app.database.read(systems.standing, app.place.commune_id, keys)
        known = await app.database.read(imports.digests, app.place.commune_id, keys)
        rows, refusals, remarks = await asyncio.to_thread(self._rows, delivery, standing, known, as_of)
        staged, counts = await asyncio.to_thread(imports.sift, app.keys, rows, known, fold)
        counts += Counts(refused=len(refusals))
        receipt = Receipt(**_numbers(counts), refusals=tuple(refusals), remarks=tuple(remarks)).model_dump(mode="json")

        def commit(db: Connection) -> tuple[Answer, bool]:
            if not systems.claim(db, app.place.commune_id, call.system, call.key, call.digest, now):
                said = systems.answered(db, app.place.commune_id, call.system, call.key, now)
                assert said is not None, "whoever claimed it has answered it in the same transaction"
                return said, False
            if imports.digests(db, app.place.commune_id, keys) != known:
                raise Meanwhile
            run = self._import(db, call, staged, counts, as_of, now)
            systems.answer(db, app.place.commune_id, call.system, call.key, receipt)
            systems.note(db, app.place.commune_id, call.system, now, HTTPStatus.OK, _numbers(counts), run)
            return Answer(call.digest, receipt), True

        said, first = await app.database.write(commit, kind=Kind.SLICE)
        if first:
            app.metrics.imported(**_numbers(counts))
            log.info("system_call", system=call.system, status=200, **_numbers(counts))
        return said, first

    def _import(
        self, db: Connection, call: Call, staged: list[dict[str, Any]], counts: Counts, as_of: datetime, now: datetime
    ) -> int:
        """A whole run, as `bot.take_in` has it in many transactions. Raises Busy."""
        commune_id, fresh_days = self._app.place.commune_id, self._app.place.commune.dossiers.fresh_days
        run_id = imports.begin(db, commune_id, f"api:{call.system}", call.digest, False, as_of, now)
        imports.stage(db, commune_id, run_id, staged, now)
        imports.go_on(db, run_id, counts, now)
        run, after = Run(run_id, "applying", False, now, now, as_of), 0
        while (last := imports.apply_slice(db, commune_id, run, after, now, fresh_days)) is not None:
            after = last
        imports.finish(db, run_id, now)
        return run_id

    def _rows(
        self, delivery: Delivery, standing: Mapping[str, Mapping[str, Any]], known: Mapping[str, tuple[str, int]],
        as_of: datetime,
    ) -> tuple[list[Dossier], list[Remark], list[Remark]]:  # fmt: skip
        """Good rows, with what they leave out as it stands; what is refused; what is remarked."""
        commune = self._app.place.commune
        rows: list[Dossier] = []
        refusals: list[Remark] = []
        remarks: list[Remark] = []
        cells = ((line, _cells(row)) for line, row in enumerate(delivery.dossiers, start=1))
        for found in read_rows(cells, commune.places if commune.villages else None):
            if isinstance(found, Refusal):
                reason = re.sub(r"đã có ở dòng \d+", "đã có trong lời gọi này", found.reason)
                told = Remark(index=found.line - 1, field=FIELD_OF.get(found.column, ""), reason=reason)
                (remarks if found.kept else refusals).append(told)
                continue
            stands = standing.get(found.code_key)
            whole = found if stands is None else _filled(found, delivery.dossiers[found.line - 1], stands)
            if why := self._untrue(whole, stands, known, as_of):
                refusals.append(Remark(index=found.line - 1, field=why[0], reason=why[1]))
            else:
                rows.append(whole)
        return rows, refusals, remarks

    def _untrue(
        self, row: Dossier, stands: Mapping[str, Any] | None, known: Mapping[str, tuple[str, int]], as_of: datetime
    ) -> tuple[str, str] | None:
        """What keeps a row from being taken though each of its fields can be read."""
        if row.received_at and row.due_at and row.due_at < row.received_at:
            return "due_at", "Ngày hẹn trả trước ngày tiếp nhận."
        newest = max(filter(None, [stands["data_as_of"], stands["set_at"]]), default=None) if stands else None
        if (
            newest is None
            or newest <= as_of
            or known.get(row.code_key, ("", 0))[0] == imports.digest(self._app.keys, row)
        ):
            return None
        return "data_as_of", f"Ở đây đã có số liệu mới hơn của hồ sơ này, lúc {newest.astimezone(ZONE):%H:%M %d/%m/%Y}."


def signature(token: str, timestamp: str, body: bytes) -> str:
    """What X-Signature has to be."""
    return "sha256=" + hmac.new(token.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


async def _body(request: web.Request) -> bytes:
    chunks, size = [], request.content_length or 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            if size <= BODY_BYTES:
                size = 0
                async for chunk in request.content.iter_any():
                    size += len(chunk)
                    if size > BODY_BYTES:
                        break
                    chunks.append(chunk)
    except TimeoutError:
        raise Refused(HTTPStatus.BAD_REQUEST, "Thân không đến hết trong 30 giây.") from None
    if size > BODY_BYTES:
        raise Refused(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"Mỗi lời gọi nhận tối đa {BODY_BYTES // 1_000_000} MB, {MOST_ROWS} hồ sơ.",
        )
    return b"".join(chunks)


def _read(body: bytes) -> Delivery:
    """Raises Refused: 400 for what is no JSON, 422 for what is not as the document says."""
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused(HTTPStatus.BAD_REQUEST, "Thân không phải JSON.") from None
    try:
        return Delivery.model_validate_json(body)
    except ValidationError as error:
        wrong = [_wrong(each["loc"], each["type"]) for each in error.errors(include_url=False, include_input=False)]
        detail = "Nội dung không đúng như /api/openapi.json; chưa nhận hồ sơ nào."
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, detail, wrong[:50]) from None


def _wrong(where: tuple[int | str, ...], what: str) -> Remark:
    index = next((part for part in where if isinstance(part, int)), -1)
    names = [part for part in where if isinstance(part, str) and part in (*DossierRow.model_fields, "data_as_of")]
    name = names[-1] if names else str(where[-1]) if what == "extra_forbidden" else "dossiers"
    reasons = {
        "missing": "Thiếu trường này.", "extra_forbidden": "Không có trường này.", "string_too_long": "Quá dài.",
        "too_long": f"Quá {MOST_ROWS} hồ sơ.", "too_short": "Cần ít nhất một hồ sơ.",
        "timezone_aware": "Cần múi giờ, ví dụ +07:00.",
    }  # fmt: skip
    return Remark(index=index, field=name[:60], reason=reasons.get(what, "Giá trị không đúng kiểu."))


def _cells(row: DossierRow) -> dict[str, Any]:
    """The row as a file would have it."""
    return {column: str(value) for name, column in FIELDS.items() if (value := getattr(row, name)) is not None}


def _filled(found: Dossier, row: DossierRow, stands: Mapping[str, Any]) -> Dossier:
    """With what the call leaves out as it stands here."""
    values = {**stands, **stands["details"]}
    kept: dict[str, Any] = {
        name: values[name] for name in FIELDS if name not in row.model_fields_set and name in values
    }
    for name in ("received_at", "due_at"):
        if kept.get(name) is not None:  # a digest tells moments apart by how they are written
            kept[name] = kept[name].astimezone(ZONE)
    return found._replace(**kept)


def _numbers(counts: Counts) -> dict[str, int]:
    return {"new": counts.new, "changed": counts.changed, "same": counts.same, "refused": counts.refused}


def _again(call: Call, said: Answer) -> web.Response:
    """The answer of the first call with this key; another body under the same key is a mistake of the caller's."""
    if said.digest != call.digest:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "Idempotency-Key này đã dùng cho một nội dung khác.")
    return _told(said.answer, {"Idempotency-Replayed": "true"})


def _told(answer: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=orjson.dumps(dict(answer)), content_type="application/json", headers=headers)
