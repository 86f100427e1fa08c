"""A one-stop system hands dossiers over: signed, once, told row by row; and the document that says how cannot lie."""

import asyncio
import csv
import gzip
import io
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Connection, func, select

from bot import api
from bot.api import CALLS, TRIES, signature
from bot.api_document import BODY_BYTES, MOST_ROWS, Delivery, openapi
from bot.commands.import_dossiers import import_dossiers
from messages import codes
from storage import dossier_events, dossiers, imports, systems
from storage.db import Temporary
from tests import town as towns
from tests.conftest import BOTH
from tests.town import START, Databases, Town

PATH = "/api/dossiers"


def code(number: int) -> str:
    return f"H55.242-261125-{number:04}"


def row(number: int, status: Any = 4, **more: Any) -> dict[str, Any]:
    usual = {"procedure_name": "Đăng ký khai sinh", "applicant": "Lê Văn Tám", "phone": f"09123{number:05}"}
    return {"code": code(number), "status": status, "received_at": "2026-11-25T08:00:00+07:00"} | usual | more


@dataclass
class System:
    """A one-stop system that knows its token."""

    town: Town
    token: str
    name: str = "mot-cua"

    async def sends(
        self, *rows: dict[str, Any], key: str = "k1", as_of: datetime = START, **more: Any
    ) -> tuple[int, dict[str, Any]]:
        """One delivery as it should be."""
        return await self.posts(
            json.dumps({"data_as_of": as_of.isoformat(), "dossiers": rows}).encode(), key=key, **more
        )

    async def posts(
        self, body: bytes, key: str = "k1", signed: bytes | None = None, at: datetime | None = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Any body; `signed`: what the signature is made of instead."""
        stamp = str(int((at or self.town.clock.now()).timestamp()))
        usual = {
            "Content-Type": "application/json", "X-System": self.name, "X-Timestamp": stamp, "Idempotency-Key": key,
            "X-Signature": signature(self.token, stamp, body if signed is None else signed),
        }  # fmt: skip
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in (usual | given).items() if value}
        async with self.town.http.post(PATH, data=io.BytesIO(body), headers=sent) as answer:
            self.headers = answer.headers
            return answer.status, await answer.json(content_type=None)

    async def status(self, number: int) -> int | None:
        found = await self.town.read(dossiers.by_code, 1, codes.key(code(number)))
        return found and found.status

    async def count(self, table: Any) -> int:
        return int(await self.town.read(lambda db: db.execute(select(func.count()).select_from(table)).scalar_one()))


async def granted(town: Town, name: str = "mot-cua") -> System:
    token = await town.write(systems.grant, 1, name, START)
    assert token is not None
    return System(town, token, name)


@pytest.fixture(params=BOTH)
async def system(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> AsyncIterator[System]:
    """A system, and the sample's office on both databases, over real HTTP on loopback."""
    async with towns.of_the_sample(databases, request.param, tmp_path) as town:
        yield await granted(town)


@pytest.fixture
async def small(databases: Databases, tmp_path: Path) -> AsyncIterator[System]:
    """The same on SQLite alone: for what has nothing to do with the database."""
    async with towns.of_the_sample(databases, "sqlite", tmp_path) as town:
        yield await granted(town)


# --- what a call does -------------------------------------------------------------------------------------------------


async def test_A05_a_delivery_is_an_import_like_any_other(system: System) -> None:
    """Counted, kept with a trail and news, told row by row; written down with its counts."""
    status, said = await system.sends(row(1), row(2), row(3, "bay"), row(1), key="a")
    assert status == 200, said
    assert (said["new"], said["changed"], said["same"], said["refused"]) == (2, 0, 0, 2)
    assert [(each["index"], each["field"]) for each in said["refusals"]] == [(2, "status"), (3, "code")]
    assert "không có trong bảng" in said["refusals"][0]["reason"]
    assert "đã có trong lời gọi này" in said["refusals"][1]["reason"]
    status, said = await system.sends(row(1, 9), row(2), key="b")
    assert (said["changed"], said["same"]) == (1, 1)
    assert await system.status(1) == 9
    found = await system.town.read(dossiers.by_code, 1, codes.key(code(1)))
    assert found is not None
    assert [step.status for step in await system.town.read(dossiers.steps, 1, found.id)] == [4, 9]
    news = await system.town.read(dossier_events.of_dossier, 1, found.id)
    assert [(each.old, each.new) for each in news if each.kind == "moved"] == [(0, 4), (4, 9)]
    calls = await system.town.read(lambda db: db.execute(select(systems.system_call).order_by("id")).all())
    assert [(each.system, each.status, each.new, each.changed, each.refused) for each in calls] == [
        ("mot-cua", 200, 2, 0, 2), ("mot-cua", 200, 0, 1, 0),
    ]  # fmt: skip
    assert await system.town.read(imports.data_age, 1) == START


async def test_A05_the_same_row_by_file_and_by_call_is_the_same(system: System, tmp_path: Path) -> None:
    """A digest does not tell the ways apart: what the file has brought, the call leaves as it is."""
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Mã hồ sơ", "Trạng thái", "Tên thủ tục", "Người nộp", "Số điện thoại", "Ngày tiếp nhận"])
        writer.writerow([code(1), "4", "Đăng ký khai sinh", "Lê Văn Tám", "0912300001", "25/11/2026 08:00"])
    assert await import_dossiers(system.town.app, {"file": str(path)}, lambda _line: None) == 0
    assert (await system.sends(row(1), key="a"))[1]["same"] == 1
    assert (await system.sends({"code": code(1), "status": 4}, key="b"))[1]["same"] == 1


async def test_A05_what_a_row_leaves_out_keeps_its_value(system: System) -> None:
    """Only code and status: the rest stays; null and "" empty a field."""
    await system.sends(row(1, due_at="27/11/2026", note="thiếu ảnh", village="Thôn Lạ"), key="a")
    status, said = await system.sends({"code": code(1), "status": 5}, key="b")
    assert (status, said["changed"]) == (200, 1)
    found = await system.town.read(dossiers.by_code, 1, codes.key(code(1)))
    assert found is not None
    assert (found.status, found.procedure_name, found.village) == (5, "Đăng ký khai sinh", "Thôn Lạ")
    assert found.due_at is not None
    told = await system.town.read(dossiers.details, 1, found.id)
    assert told == dossiers.Details("Lê Văn Tám", "+84912300001", "thiếu ảnh")
    await system.sends({"code": code(1), "status": 5, "note": None, "due_at": ""}, key="c")
    found = await system.town.read(dossiers.by_code, 1, codes.key(code(1)))
    assert found is not None
    assert found.due_at is None
    assert (await system.town.read(dossiers.details, 1, found.id)).note == ""


async def test_A05_dates_that_contradict_what_stands_are_refused(small: System) -> None:
    """A due date before the day of reception that is kept here is refused, like one in the same row."""
    await small.sends(row(1), key="a")
    _status, said = await small.sends({"code": code(1), "status": 4, "due_at": "2026-11-01"}, key="b")
    assert [(each["index"], each["field"]) for each in said["refusals"]] == [(0, "due_at")]


async def test_A05_older_data_of_a_dossier_are_refused(system: System) -> None:
    """A call that comes late does not turn a dossier back; what is the same is no matter."""
    await system.sends(row(1, 9), row(2), key="a")
    status, said = await system.sends(row(1, 4), row(2), key="b", as_of=START - timedelta(hours=1))
    assert status == 200
    assert (said["same"], said["refused"]) == (1, 1)
    assert said["refusals"][0]["field"] == "data_as_of"
    assert "mới hơn của hồ sơ này, lúc 09:00 26/11/2026" in said["refusals"][0]["reason"]
    assert await system.status(1) == 9


async def test_A05_data_of_the_future_are_of_now(small: System) -> None:
    """A clock that runs ahead makes no data younger than now."""
    await small.sends(row(1), as_of=START + timedelta(days=9))
    assert await small.town.read(imports.data_age, 1) == START


# --- as the README has it ---------------------------------------------------------------------------------------------

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
PYTHON, SHELL = (
    re.search(rf"```{kind}\n([^`]*?/api/dossiers.*?)```", README, re.DOTALL) for kind in ("python", "sh")
)  # fmt: skip


async def test_A05_the_readmes_python_works(small: System, capsys: pytest.CaptureFixture[str]) -> None:
    """The sample is run as it stands, with this office's address, token and hour."""
    assert PYTHON is not None
    source = PYTHON[1].replace("https://chat.xa-cua-toi.gov.vn", f"http://127.0.0.1:{small.town.service.port}")
    source = source.replace('"mot-cua-tinh", "TOKEN"', f'"{small.name}", "{small.token}"')
    source = source.replace("time.time()", str(START.timestamp()))
    await asyncio.to_thread(exec, source, {})
    assert "{'new': 1, 'changed': 0, 'same': 0, 'refused': 0" in capsys.readouterr().out
    found = await small.town.read(dossiers.by_code, 1, "H552422611260007")
    assert found is not None
    assert found.officer == "Đặng Thị Nhài"


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
async def test_A05_the_readmes_shell_works(small: System, tmp_path: Path) -> None:
    """The same for the shell, whatever stands in the body."""
    assert SHELL is not None
    body = {"data_as_of": START.isoformat(), "dossiers": [row(1, note="“ngoặc”, $HOME 'x'")]}
    (tmp_path / "body.json").write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
    script = SHELL[1].replace("$(date +%s)", str(int(START.timestamp()))).replace("mot-cua-tinh", small.name)
    environ = os.environ | {"TOKEN": small.token, "URL": f"http://127.0.0.1:{small.town.service.port}"}
    shell = await asyncio.create_subprocess_exec(
        "sh", "-c", script, cwd=tmp_path, env=environ, stdout=asyncio.subprocess.PIPE
    )
    said, _errors = await shell.communicate()
    assert json.loads(said)["new"] == 1, said


# --- once -------------------------------------------------------------------------------------------------------------


async def test_A05_the_same_call_again_is_answered_the_same_and_does_nothing(system: System) -> None:
    """Within a week the stored answer comes, whatever has happened since; after it the call is a new one."""
    first = await system.sends(row(1), row(2, "?"), key="a")
    await system.sends(row(1, 9), key="b")
    runs = await system.count(imports.import_run)
    system.town.clock.advance(timedelta(days=6))
    assert await system.sends(row(1), row(2, "?"), key="a") == first
    assert system.headers["Idempotency-Replayed"] == "true"
    assert await system.count(imports.import_run) == runs
    assert await system.status(1) == 9
    system.town.clock.advance(timedelta(days=2))
    status, said = await system.sends(row(1), row(2, "?"), key="a")
    assert (status, said["new"], said["changed"]) == (200, 0, 1)
    assert "Idempotency-Replayed" not in system.headers


async def test_A05_two_of_the_same_at_once_do_one_thing(system: System) -> None:
    """Sent twice at the same moment, one works and both get its answer."""
    answers = await asyncio.gather(*(system.sends(row(1), key="a") for _each in range(4)))
    assert [status for status, _said in answers] == [200] * 4
    assert [said["new"] for _status, said in answers] == [1] * 4
    found = await system.town.read(dossiers.by_code, 1, codes.key(code(1)))
    assert found is not None
    assert len(await system.town.read(dossiers.steps, 1, found.id)) == 1


async def test_A05_two_at_once_about_the_same_dossier_follow_each_other(system: System) -> None:
    """Different calls at the same moment all succeed or are told to come again; every step is one of theirs."""
    answers = await asyncio.gather(*(system.sends(row(1, status), key=str(status)) for status in (4, 5, 9)))
    assert {status for status, _said in answers} <= {200, 409}
    assert sum(said["new"] for status, said in answers if status == 200) == 1


async def test_A05_the_same_key_with_another_body_is_refused(system: System) -> None:
    """A key that was used for something else is a mistake, and nothing is done."""
    await system.sends(row(1), key="a")
    status, said = await system.sends(row(2), key="a")
    assert status == 422
    assert "đã dùng cho một nội dung khác" in said["detail"]
    assert await system.status(2) is None


async def test_A05_keys_of_two_systems_have_nothing_to_do_with_each_other(system: System) -> None:
    """Each system has keys of its own."""
    other = await granted(system.town, "he-thong-2")
    await system.sends(row(1), key="a")
    assert (await other.sends(row(2), key="a"))[1]["new"] == 1


async def test_A05_while_another_import_runs_the_system_comes_again(system: System) -> None:
    """409 with Retry-After; afterwards the same call works."""
    run = await system.town.write(imports.begin, 1, "x", "", False, START, START)
    status, said = await system.sends(row(1), key="a")
    assert (status, system.headers["Retry-After"]) == (409, "10")
    assert said["title"] == "Đang nhập số liệu khác"
    await system.town.write(imports.drop, run, "failed", START)
    assert (await system.sends(row(1), key="a"))[0] == 200


async def test_A05_a_call_that_fails_half_way_leaves_nothing(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks after rows were written: no row, no run, no answer that would lie later."""
    finish = imports.finish

    def fails(db: Connection, import_id: int, now: datetime) -> None:
        raise RuntimeError("the power was cut")

    monkeypatch.setattr(imports, "finish", fails)
    status, said = await system.sends(row(1), key="a")
    assert (status, said["title"]) == (500, "Lỗi của chương trình")
    assert "the power was cut" not in said["detail"]
    monkeypatch.setattr(imports, "finish", finish)
    assert await system.status(1) is None
    assert await system.town.read(imports.open_run, 1) is None
    assert (await system.sends(row(1), key="a"))[1]["new"] == 1


async def test_A05_while_the_database_is_away_the_system_comes_again(
    small: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After, before the signature can be looked at as well as after."""

    async def away(*_args: object, **_more: object) -> None:
        raise Temporary("away")

    for method in ("read", "write"):
        with monkeypatch.context() as patch:
            patch.setattr(small.town.app.database, method, away)
            status, said = await small.sends(row(1), key="a")
        assert (status, said["title"], small.headers["Retry-After"]) == (503, "Tạm thời chưa nhận được", "5")
    assert (await small.sends(row(1), key="a"))[1]["new"] == 1


# --- who may ----------------------------------------------------------------------------------------------------------


async def test_A05_only_who_has_signed_is_heard(system: System) -> None:
    """Another token, another body, another time, another name, a revoked token, no header: 401, and nothing happens."""
    now = system.town.clock.now()
    stranger = System(system.town, "0" * 64)
    revoked = await granted(system.town, "cu")
    await system.town.write(systems.revoke, 1, "cu", START)
    body = json.dumps({"data_as_of": START.isoformat(), "dossiers": [row(1)]}).encode()
    tried = [
        await stranger.posts(body), await revoked.posts(body), await system.posts(body, signed=body + b" "),
        await system.posts(body, at=now - timedelta(minutes=6)),
        await system.posts(body, at=now + timedelta(minutes=6)),
        await system.posts(body, X_System="khac"), await system.posts(body, X_Signature=""),
        await system.posts(body, X_Timestamp=str(int(now.timestamp()) + 1)), await system.posts(body, X_Timestamp="x"),
        await system.posts(body, X_Signature="sha256=\u00e9"), await system.posts(body, X_System="Mot Cua"),
    ]  # fmt: skip
    assert [status for status, _said in tried] == [401] * len(tried)
    assert all(said["title"] == "Chưa xác nhận được hệ thống" for _status, said in tried)
    assert await system.status(1) is None
    assert await system.count(systems.system_call) == 0
    assert (await system.posts(body, at=now - timedelta(minutes=4)))[0] == 200


async def test_A05_a_new_token_ends_the_old_one(system: System) -> None:
    """After revoking, the next token is another, and the first opens nothing any more."""
    await system.town.write(systems.revoke, 1, "mot-cua", START)
    again = await granted(system.town)
    assert again.token != system.token
    assert (await system.sends(row(1)))[0] == 401
    assert (await again.sends(row(1)))[0] == 200


async def test_A05_too_many_calls_are_told_when_to_come_again(small: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system has so many calls a minute, an address so many tries."""
    monkeypatch.setattr(api, "CALLS", 2)
    assert [(await small.sends(row(1), key="a"))[0] for _each in range(3)] == [200, 200, 429]
    assert 0 < int(small.headers["Retry-After"]) <= 61
    other = await granted(small.town, "khac")
    assert (await other.sends(row(1), key="a"))[0] == 200
    monkeypatch.setattr(api, "TRIES", 4)
    assert (await System(small.town, "x" * 64).sends(row(1)))[0] == 429
    assert CALLS < TRIES


# --- what is no call --------------------------------------------------------------------------------------------------


async def test_A05_what_cannot_be_taken_is_told_in_vietnamese(small: System) -> None:
    """No JSON, no key, wrong fields, too many rows, another kind of content: each with its status, and nothing done."""
    good = {"data_as_of": START.isoformat(), "dossiers": [row(1)]}

    async def sent(said: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        return await small.posts(said if isinstance(said, bytes) else json.dumps(said).encode(), **headers)

    wrong = [
        (400, await sent(b"{")), (400, await sent(b"\xff\xfe")), (400, await sent(good, Idempotency_Key="")),
        (400, await sent(good, Idempotency_Key="x" * 201)), (415, await sent(good, Content_Type="text/plain")),
        (422, await sent([])), (422, await sent({})), (422, await sent(good | {"dossiers": []})),
        (422, await sent(good | {"data_as_of": "2026-11-26T09:00:00"})), (422, await sent(good | {"more": 1})),
        (422, await sent(good | {"dossiers": [{"code": code(1)}]})),
        (422, await sent(good | {"dossiers": [row(1, 11)]})), (422, await sent(good | {"dossiers": [row(1, True)]})),
        (422, await sent(good | {"dossiers": [row(1, due_date="x")]})),
        (422, await sent(good | {"dossiers": [{"code": code(n), "status": 4} for n in range(MOST_ROWS + 1)]})),
    ]  # fmt: skip
    for status, (got, said) in wrong:
        assert got == status, said
        assert said["status"] == status
        assert re.search(r"[ạậếốươđ]", said["title"] + said["detail"]), said
    assert wrong[10][1][1]["errors"] == [{"index": 0, "field": "status", "reason": "Thiếu trường này."}]
    assert wrong[13][1][1]["errors"] == [{"index": 0, "field": "due_date", "reason": "Không có trường này."}]
    assert await small.status(1) is None
    assert await small.town.read(imports.open_run, 1) is None


async def test_A05_a_large_or_packed_body_is_refused_before_it_is_read(small: System) -> None:
    """More than 2 MB, announced or not, and a packed body that may become anything."""
    assert (await small.posts(b" " * (BODY_BYTES + 1)))[0] == 413
    packed = gzip.compress(b" " * 100_000_000)
    assert (await small.posts(packed, Content_Encoding="gzip"))[0] == 415

    async def parts() -> AsyncIterator[bytes]:
        for _each in range(30):
            yield b" " * 100_000

    headers = {"Content-Type": "application/json"}
    async with small.town.http.post(PATH, data=parts(), headers=headers) as answer:
        assert answer.status == 413


async def test_A05_nothing_personal_is_logged(small: System) -> None:
    """Neither names nor phones nor codes: the system, the status, the counts."""
    with structlog.testing.capture_logs() as logged:
        await small.sends(row(1), row(2, "?"), row(3, phone="gọi con"), key="a")
        await small.posts(b'{"applicant": "Le Van Tam"', key="b")
    said = json.dumps(logged, default=str)
    assert "system_call" in said
    for word in ("Tám", "Tam", "0912300001", "+84912", "261125", "gọi con"):
        assert word not in said


async def test_A05_a_thousand_rows_hold_up_nobody_for_long(system: System) -> None:
    """While the largest call is taken, other work of the database and the loop goes on in between."""
    task = asyncio.create_task(system.sends(*(row(number) for number in range(MOST_ROWS)), key="a"))
    between = 0
    while not task.done():
        await system.town.read(dossiers.by_code, 1, "X")
        between += 1
        await asyncio.sleep(0.001)
    assert (await task)[1]["new"] == MOST_ROWS
    assert between > 10


# --- the document -----------------------------------------------------------------------------------------------------


@contextmanager
def served(town: Town) -> Iterator[Any]:
    yield town.service._runner.app.router  # type: ignore[union-attr]


async def test_A05_the_document_lists_exactly_the_routes(small: System) -> None:
    """What is served for systems is what the document says, and it is served itself."""
    async with small.town.http.get("/api/openapi.json") as answer:
        assert answer.status == 200
        document = await answer.json()
    assert document["openapi"] == "3.1.0"
    listed = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    ours = {(each.method, each.path) for each in api.Api(small.town.app, lambda _request: "").routes()}
    assert listed == ours
    with served(small.town) as router:
        routes = {(route.method, route.resource.canonical) for route in router.routes() if route.resource is not None}
    assert ours <= routes
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert named <= set(document["components"]["schemas"])


def fits(value: Any, schema: dict[str, Any], schemas: dict[str, Any]) -> bool:
    """Whether a value is as a schema says: as much of JSON Schema 2020-12 as the document uses."""
    if "$ref" in schema:
        return fits(value, schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas)
    if "anyOf" in schema:
        return any(fits(value, each, schemas) for each in schema["anyOf"])
    number = isinstance(value, int) and not isinstance(value, bool)
    kinds = {
        "object": isinstance(value, dict), "array": isinstance(value, list), "string": isinstance(value, str),
        "integer": number, "null": value is None,
    }  # fmt: skip
    if not kinds[schema["type"]]:
        return False
    if isinstance(value, dict):
        known = schema["properties"]
        inside = all(fits(each, known[name], schemas) for name, each in value.items() if name in known)
        return inside and set(schema["required"]) <= set(value) <= set(known)
    if isinstance(value, list):
        long = schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
        return long and all(fits(each, schema["items"], schemas) for each in value)
    if isinstance(value, str):
        if schema.get("format") == "date-time" and not re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)", value):
            return False
        return schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
    return not number or schema.get("minimum", value) <= value <= schema.get("maximum", value)


DOCUMENT = openapi()
SCHEMAS = DOCUMENT["components"]["schemas"]
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 12), st.text(max_size=4), st.just(["x"]), st.just(code(1)), st.just("4")
)
ROWS = st.dictionaries(st.sampled_from([*SCHEMAS["DossierRow"]["properties"], "due_date"]), VALUES, max_size=13)
WHOLE = st.fixed_dictionaries({"code": st.just(code(1)), "status": st.integers(0, 11)})
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "data_as_of": st.sampled_from(
            ["2026-11-26T09:00:00+07:00", "2026-11-26T02:00:00Z", "2026-11-26T09:00:00", 5, None]
        ),
        "dossiers": st.lists(st.builds(lambda one, two: one | two, ROWS, WHOLE) | ROWS, max_size=3),
        "more": VALUES,
    },
)


@settings(max_examples=400, deadline=None)
@given(BODIES)
def test_A05_what_the_document_allows_is_what_is_read(body: dict[str, Any]) -> None:
    """Any body: the schema of the document and the reader are of one mind."""
    try:
        Delivery.model_validate_json(json.dumps(body))
    except ValidationError:
        read = False
    else:
        read = True
    assert read == fits(body, {"$ref": "#/components/schemas/Delivery"}, SCHEMAS)


async def test_A05_answers_are_as_the_document_says(small: System) -> None:
    """A receipt and a problem fit their schemas; every status that is answered is listed."""
    answered = [await small.sends(row(1), row(2, "?"), row(3, phone="x"), key="a"), await small.posts(b"{", key="b")]
    answered += [await small.posts(b"{}", key="c"), await System(small.town, "x").sends(row(1))]
    listed = DOCUMENT["paths"][PATH]["post"]["responses"]
    for status, said in answered:
        ((_kind, content),) = listed[str(status)]["content"].items()
        assert fits(said, content["schema"], SCHEMAS), said
    assert {str(status) for status in api.TITLES} | {"200"} == set(listed)
