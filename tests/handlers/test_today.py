"""The line for today: set by one command, first in answers on hours and dossiers, gone by itself."""

import pytest

from bot import sample
from tests import town as towns
from tests.town import START, Person, Town

READY, LATE, _PRIVATE = sample.demo_codes(START.date())
LINE = "Xin báo bà con hôm nay: hệ thống lỗi, mời đến sau 14 giờ"


@pytest.fixture
def town(steady_town: Town) -> Town:
    """Dialogues here run straight through."""
    return steady_town


async def test_L14_today_s_line_stands_first_until_midnight(town: Town, citizen: Person, official: Person) -> None:
    """One command; first in hours, dossiers found and not found, what is not here yet, where; gone the next day."""
    await official.says("/homnay")
    official.sees("Hôm nay chưa có dòng nào", "/homnay đến 14 giờ")
    await official.says("/homnay hệ thống lỗi,  mời đến sau 14 giờ")
    official.sees(LINE, "Hết hôm nay, dòng này tự bỏ")
    for asked in ("mấy giờ mở cửa", READY.code, "H55.242-260901-0012", "/thutuc", "#fact-where:", "#fact-reception:"):
        await citizen.says(asked)
        assert citizen.text.startswith(LINE), asked
    await citizen.says("#fact-parking:")
    citizen.sees_not(LINE)
    town.clock.advance(towns.timedelta(hours=14, minutes=59))
    await citizen.says(READY.code)
    citizen.sees(LINE)
    town.clock.advance(towns.timedelta(minutes=1))
    for asked in (READY.code, "mấy giờ mở cửa"):
        await citizen.says(asked)
        citizen.sees_not("Xin báo bà con")
    await official.says("/homnay")
    official.sees("Hôm nay chưa có dòng nào")


@pytest.mark.web_only("it is about the office, not about her channel")
async def test_L14_a_line_with_an_hour_and_in_plain_words(town: Town, citizen: Person, official: Person) -> None:
    """It ends at the hour given, is replaced by a newer one, can be taken away; a mistake is told, nothing is set."""
    await official.says("dòng hôm nay: đến 14h30, mất điện, chỉ nhận hồ sơ giấy")
    official.sees("Xin báo bà con hôm nay: mất điện, chỉ nhận hồ sơ giấy", "tự bỏ lúc 14 giờ 30, thứ Năm, 26/11/2026")
    town.clock.advance(towns.timedelta(hours=5, minutes=30))
    await citizen.says("mấy giờ mở cửa")
    citizen.sees_not("mất điện")
    for wrong, told in {
        "/homnay đến 14 giờ: đã qua": "Giờ đó đã qua", "/homnay đến 25 giờ: không có": "Giờ đó đã qua",
        "/homnay đến 16 giờ": "nhiều nhất 200", f"/homnay {'dài ' * 60}": "nhiều nhất 200",
    }.items():  # fmt: skip
        await official.says(wrong)
        official.sees(told)
    await official.says("dong hom nay nghỉ từ 15 giờ")
    await official.says("/homnay có đoàn khám mắt ở nhà văn hóa")
    await citizen.says("mấy giờ mở cửa")
    assert citizen.text.startswith("Xin báo bà con hôm nay: có đoàn khám mắt ở nhà văn hóa")
    citizen.sees_not("nghỉ từ 15 giờ")
    await official.says("/homnay")
    official.sees("có đoàn khám mắt")
    await official.taps("Bỏ dòng này")
    official.sees("Đã bỏ dòng của hôm nay")
    await official.says("/homnay bỏ")
    official.sees("Hôm nay chưa có dòng nào")
    await citizen.says("mấy giờ mở cửa")
    citizen.sees_not("Xin báo bà con")


@pytest.mark.web_only("it is about the office, not about her channel")
async def test_L14_only_officials_set_it(citizen: Person) -> None:
    """A villager's command sets nothing."""
    await citizen.says("/homnay xã nghỉ cả tuần")
    citizen.sees("chỉ dành cho cán bộ")
    await citizen.says("mấy giờ mở cửa")
    citizen.sees_not("nghỉ cả tuần")


async def test_L14_is_it_really_the_commune(citizen: Person) -> None:
    """The fixed warning: no OTP, no password, only .gov.vn, no file to install; and the number of the Công an xã."""
    for asked in ("Có phải của xã không?", "tin này có phải lừa đảo không", "#fact-genuine:"):
        await citizen.says(asked)
        citizen.sees("mã OTP, mật khẩu hay tài khoản ngân hàng", ".gov.vn", "cài vào điện thoại", "0951 000 113")
