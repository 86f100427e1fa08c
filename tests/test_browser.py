"""The pages in a real browser (chromium, headless): the demo's three phones, the keyboard, narrow screens, power cuts.

With GANDAN_SCREENSHOT=1, or when tests/screenshot.png is missing, the README's picture is made on the way.
"""

import asyncio
import contextlib
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser, FrameLocator, Locator, Page, async_playwright, expect

from bot import sample
from bot.dossier_file import Dossier
from messages.render import ZONE
from tests.town import START

ROOT = Path(__file__).parent.parent
SCREENSHOT = Path(__file__).parent / "screenshot.png"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=15_000)


class Served:
    """`python -m bot` as the README has it, with an office that is open: 9 o'clock on a Thursday morning."""

    def __init__(self, folder: Path, **more: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = folder / "service.log"
        settings = {"DATA_DIR": str(folder / "data"), "HTTP_PORT": str(self.port), "CLOCK_START": START.isoformat()}
        self.environ = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ
        }
        self.environ |= settings | more
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot"], cwd=ROOT, env=self.environ, stdout=log, stderr=log
            )
        for _look in range(300):
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                return
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def kill(self) -> None:
        """As the power does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """The service on a fresh DATA_DIR."""
    service = Served(tmp_path)
    yield service
    service.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's chromium."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("The browser test needs Debian's chromium: apt-get install chromium (or run .ci/run).")
    async with async_playwright() as play:
        opened = await play.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        await opened.close()


def part(where: Page | FrameLocator | Locator, name: str) -> Locator:
    return where.locator(f"[data-test={name}]")


async def types(where: Page | FrameLocator, words: str) -> None:
    """Write a message and press the button; it is known to be stored before this returns."""
    own = where.locator("[data-test=bubble-own]").filter(has_text=words)
    before = await own.count()
    await part(where, "input").fill(words)
    await part(where, "send").click()
    await expect(own).to_have_count(before + 1)
    await expect(where.locator(".row.own").last).to_have_attribute("data-state", "received")


async def presses(where: Page | FrameLocator, label: str) -> None:
    """Press the newest button with that label."""
    await where.locator("[data-test=messages] [data-test=button]").filter(has_text=label).last.click()


async def reads(where: Page | FrameLocator, words: str) -> None:
    """The newest of the office's bubbles with these words is there."""
    await expect(where.locator("[data-test=messages] .row.bot .bubble").filter(has_text=words).last).to_be_visible()


async def watched(page: Page) -> list[str]:
    """Errors of the page's scripts, and what its security policy refused."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    return wrong


async def test_the_demo_shows_the_whole_product(served: Served, browser: Browser) -> None:
    """The villager finds her dossier and asks for a person; the third phone answers; no script fails."""
    page = await browser.new_page(viewport={"width": 1400, "height": 900}, locale="vi-VN")
    wrong = await watched(page)
    await page.goto(served.url)
    villager, head, office = (
        page.frame_locator(f"[data-test=phone-{name}]") for name in ("villager", "head", "office")
    )
    dossier = sample.dossiers(START.astimezone(ZONE).date())[0]
    await expect(part(page, "code-chip").first).to_have_attribute("data-code", dossier.code)
    await looks_up(villager, dossier)
    await asks_for_a_person(head, "Bao giờ họp bàn việc làm đường liên thôn ạ?")
    await expect(part(office, "card")).to_contain_text("đường liên thôn")
    if os.environ.get("GANDAN_SCREENSHOT") or not SCREENSHOT.exists():
        await picture(page)
    await asks_for_a_person(villager, "Cháu lấy kết quả hộ bà có được không ạ?")
    await answers(office)
    assert wrong == []


async def looks_up(villager: FrameLocator, dossier: Dossier) -> None:
    """By her code the status, by the four digits the name."""
    await reads(villager, "OTP")
    await types(villager, dossier.code)
    await reads(villager, "đã có kết quả")
    await presses(villager, "Xem chi tiết")
    await reads(villager, "bốn số cuối")
    await types(villager, (dossier.phone or "")[-4:])
    await reads(villager, dossier.applicant)


async def asks_for_a_person(somebody: FrameLocator, about: str) -> None:
    """What it is about, which thôn; a time is promised."""
    await reads(somebody, "OTP")
    await types(somebody, "0")
    await reads(somebody, "hỏi cán bộ việc gì")
    await types(somebody, about)
    await reads(somebody, "thôn nào")
    await types(somebody, "Suối Trên")
    await reads(somebody, "Cán bộ sẽ trả lời")


async def answers(office: FrameLocator) -> None:
    """The official sees the card with its clock and answers it, with a look at it first."""
    card = part(office, "card").filter(has_text="lấy kết quả hộ")
    await expect(part(card, "clock")).to_contain_text("hẹn")
    await part(card, "button").filter(has_text="Trả lời").click()
    await reads(office, "viết câu trả lời")
    await types(office, "Dạ được ạ. Cháu mang theo giấy hẹn và căn cước của cháu đến Bộ phận Một cửa nhé.")
    await reads(office, "dưới tên")
    await presses(office, "Gửi")
    await reads(office, "sẽ đi sau")
    await expect(part(office, "talk").locator("[data-test=button]").filter(has_text="Thu hồi")).to_be_visible()
    await expect(card).to_contain_text("giấy hẹn")


async def picture(page: Page) -> None:
    """The README's picture: three phones in the middle of a morning."""
    await page.evaluate("document.activeElement && document.activeElement.blur()")
    await asyncio.sleep(1)  # what slides in has come to rest
    raw = await page.screenshot()
    colours = Image.open(io.BytesIO(raw)).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE)
    colours.save(SCREENSHOT, optimize=True)


def test_the_picture_is_light() -> None:
    """The README's picture is there and loads fast."""
    assert SCREENSHOT.exists(), "Please make it: GANDAN_SCREENSHOT=1 pytest tests/test_browser.py"
    assert SCREENSHOT.stat().st_size < 300_000


async def test_with_the_keyboard_alone(served: Served, browser: Browser) -> None:
    """Tab reaches every button in order and Enter presses it; a reload keeps the talk and repeats nothing."""
    page = await browser.new_page(locale="vi-VN")
    wrong = await watched(page)
    await page.goto(f"{served.url}/chat")
    await reads(page, "OTP")
    await tab_to(page, "3. Giờ làm việc")
    await page.keyboard.press("Enter")
    await reads(page, "thứ Hai")
    await tab_to_input(page)
    await page.keyboard.type("Hồ sơ của tôi xong chưa?")
    await page.keyboard.press("Enter")
    await reads(page, "gõ mã hồ sơ")
    kept = await texts(page)
    await page.reload()
    await reads(page, "gõ mã hồ sơ")
    await expect(part(page, "bubble-own")).to_have_count(2)
    assert [words for words in kept if words not in await texts(page)] == []
    assert await part(page, "messages").get_attribute("role") == "log"
    assert wrong == []


async def texts(page: Page) -> list[str]:
    """What stands in the bubbles, without times and states."""
    found = await page.locator("[data-test=messages] .bubble").all_inner_texts()
    return [words.splitlines()[0] for words in found]


async def tab_to(page: Page, label: str) -> None:
    wanted = re.sub(r"\W+", " ", label)
    for _press in range(40):
        await page.keyboard.press("Tab")
        focused = await page.evaluate("document.activeElement.textContent")
        if re.sub(r"\W+", " ", focused or "").strip().startswith(wanted[:8]):
            return
    raise AssertionError(f"Tab never reaches {label!r}")


async def tab_to_input(page: Page) -> None:
    for _press in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.dataset.test") == "input":
            return
    raise AssertionError("Tab never reaches the input")


@pytest.mark.parametrize("path", ["/", "/chat", "/office?demo=1"])
async def test_nothing_sticks_out_on_a_narrow_phone(served: Served, browser: Browser, path: str) -> None:
    """At 320 pixels no page scrolls sideways, also with long words in it."""
    page = await browser.new_page(viewport={"width": 320, "height": 568}, locale="vi-VN", has_touch=True)
    await page.goto(f"{served.url}{path}")
    if path == "/chat":
        await reads(page, "OTP")
        await types(page, "h" * 300)
        await reads(page, "chưa hiểu")
    elif path == "/":
        await reads(page.frame_locator("[data-test=phone-villager]"), "OTP")
    else:
        await expect(part(page, "official")).not_to_be_empty()
    for frame in page.frames:
        await no_sideways(frame.locator("html"), path)


async def no_sideways(html: Locator, path: str) -> None:
    wide = await html.evaluate("(root) => root.scrollWidth - root.clientWidth")
    assert wide <= 0, path
    for scroller in await html.locator(".scroller").all():
        assert await scroller.evaluate("(list) => list.scrollWidth - list.clientWidth") <= 0, path


async def test_the_power_fails_in_the_middle(served: Served, browser: Browser) -> None:
    """Killed and started again: what she typed meanwhile arrives by itself, once, and the talk goes on."""
    page = await browser.new_page(locale="vi-VN")
    await page.goto(f"{served.url}/chat")
    await reads(page, "OTP")
    await types(page, "/tracuu")
    await reads(page, "gõ mã hồ sơ")
    served.kill()
    dossier = sample.dossiers(START.astimezone(ZONE).date())[0]
    await part(page, "input").fill(dossier.code)
    await part(page, "send").click()
    own = page.locator(".row.own").last
    await expect(own).to_have_attribute("data-state", "sending")
    served.start()
    await expect(own).to_have_attribute("data-state", "received", timeout=40_000)
    await expect(page.locator(".bubble").filter(has_text="đã có kết quả").last).to_be_visible(timeout=40_000)
    await expect(page.locator(".bubble").filter(has_text="đã có kết quả")).to_have_count(1)


def _spoken() -> bytes:
    """A second of silence, as a recording any browser plays."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16_000))
    return out.getvalue()


async def test_L12_a_recorded_answer_is_played_on_her_page(tmp_path: Path, browser: Browser) -> None:
    """The official attaches a recording while answering; a player with its length stands on her page."""
    service = Served(tmp_path, CLOCK_RATE="60")  # the minute to take it back passes in a second
    try:
        page = await browser.new_page(viewport={"width": 1400, "height": 900}, locale="vi-VN")
        wrong = await watched(page)
        await page.goto(service.url)
        villager, office = (page.frame_locator(f"[data-test=phone-{name}]") for name in ("villager", "office"))
        await reads(villager, "Xin chào")
        for words in ("0", "Bao giờ có nước ạ?", "bỏ qua"):
            await types(villager, words)
        await part(office, "card").locator("[data-test=button]").filter(has_text="Trả lời").click()
        await reads(office, "hoặc gửi lời ghi âm")
        recording = {"name": "tra-loi.wav", "mimeType": "audio/wav", "buffer": _spoken()}
        await office.locator("form.composer input[type=file]").set_input_files(recording)
        await reads(office, "Lời ghi âm vừa gửi")
        await presses(office, "Gửi")
        player = part(villager, "sound")
        await expect(player).to_be_visible()
        await expect(player).to_have_js_property("duration", 1)
        await reads(villager, "Cán bộ đã ghi âm câu trả lời gửi ông/bà")
        assert wrong == []
    finally:
        service.stop()


DROP = """(page) => {
    const data = new DataTransfer();
    data.items.add(new File([page.words], page.name, {type: "text/csv"}));
    document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


async def test_A05_a_list_is_dropped_onto_the_office(tmp_path: Path, browser: Browser) -> None:
    """The clerk drags today's export onto the page, reads what it would change, and applies it with one tap."""
    service = Served(tmp_path)
    try:
        page = await browser.new_page(viewport={"width": 900, "height": 900}, locale="vi-VN")
        wrong = await watched(page)
        await page.goto(service.url)
        office = page.frame_locator("[data-test=phone-office]")
        await office.get_by_role("tab", name="Trò chuyện").click()
        words = "Mã hồ sơ;Trạng thái\nH55.242-261125-0001;Đang xử lý\nH55.242-261125-0002;?\n"
        dropped = {"words": words, "name": "ho-so.csv"}
        await office.locator("body").evaluate(f"(_, page) => ({DROP})(page)", dropped)
        await reads(office, "1 hồ sơ mới, 0 thay đổi, 0 giữ nguyên, 1 dòng không nhận được")
        await reads(office, "Dòng 3, cột Trạng thái")
        await presses(office, "Áp dụng")
        await reads(office, "Đã nhập xong danh sách “ho-so.csv”")
        assert wrong == []
    finally:
        service.stop()
