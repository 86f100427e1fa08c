"""What the office says about itself, and how officials change it in chat."""

import pytest

from tests import town as towns
from tests.town import Person, Town


@pytest.fixture
def town(steady_town: Town) -> Town:
    """Dialogues here run straight through; those that could lose something in a restart say so."""
    return steady_town


async def chairman(town: Town) -> Person:
    return await towns.official(town, "Triệu Minh Khải")


async def test_A21_the_house(citizen: Person) -> None:
    """Where, parking, waiting room, wifi, photocopier, paying: in words and by tap, from the commune's own file."""
    for said, tap, told in (
        ("Trụ sở ở đâu vậy?", "fact-where", ("Thôn Ngã Ba Chợ", "Cạnh chợ Suối Lành", "thứ Ba, thứ Năm, 8 giờ – 11")),
        ("Đến xã thì gửi xe chỗ nào", "fact-parking", ("sân bên phải cổng",)),
        ("ở đó có phòng chờ không", "fact-waiting", ("Phòng chờ tầng 1",)),
        ("có wifi ko", "fact-wifi", ("mời hỏi cán bộ ở quầy",)),
        ("xã có máy photocopy không", "fact-photocopier", ("cạnh quầy số 1",)),
        ("trả tiền thế nào ạ", "fact-payment", ("quét mã QR",)),
    ):
        await citizen.says(said)
        citizen.sees(*told)
        await citizen.does(kind="tap", text="…", token=f"#{tap}:")
        citizen.sees(*told)


@pytest.mark.web_only("it is about the office, not about her channel")
async def test_A21_C04_what_changes_in_chat_holds_at_once(town: Town, citizen: Person, official: Person) -> None:
    """The clerk changes facts, hours, a point, phones; everything that speaks of them says the new, after a restart
    too; what is not known any more is called so, with the phone.
    """
    await official.says("/thongtinxa")
    official.sees("Cần sửa thông tin nào?")
    await change(official, "Trụ sở: địa chỉ", "Chỗ để xe", "Để xe ở sân vận động")
    official.sees("Đang ghi: Để xe ở sân bên phải cổng", "Sửa thành: Để xe ở sân vận động")
    await official.taps("Đúng, sửa đi")
    official.sees("Đã sửa")
    await citizen.says("để xe ở đâu")
    citizen.sees("sân vận động")

    await town.restart()
    await begin(official, "Trụ sở: địa chỉ", "Wifi", "Chưa có thông tin")
    await citizen.says("wifi")
    citizen.sees("Xin lỗi ông/bà, trợ lý chưa có thông tin về wifi", "0951 000 001")

    await begin(official, "Giờ làm việc", "thứ Sáu", "abc")
    official.sees("Mời ghi theo mẫu")
    await official.says("7h30 - 11h")
    await official.taps("Đúng, sửa đi")
    await citizen.says("mấy giờ mở cửa")
    citizen.sees("Từ thứ Hai đến thứ Năm", "Riêng thứ Sáu: 7 giờ 30 – 11 giờ.")

    await begin(official, "Ngày mở cửa của điểm", "Điểm tiếp nhận Bến Mơ", "ngày nào cũng được")
    official.sees("Mời ghi ngày theo mẫu")
    await official.says("thứ Hai - thứ Tư, t6")
    await official.says("không")
    official.sees("thứ Hai, thứ Ba, thứ Tư, thứ Sáu: theo giờ chung")
    await official.taps("Đúng, sửa đi")
    await citizen.says("trụ sở ở đâu")
    citizen.sees("Mở cửa: thứ Hai, thứ Ba, thứ Tư, thứ Sáu.")

    await begin(official, "Số điện thoại", "Trực ban Công an xã", "gọi ông Mộc")
    official.sees("bằng chữ số")
    await official.says("0951 000 999")
    await official.taps("Đúng, sửa đi")
    await begin(official, "Số điện thoại", "Thêm một số", "Kế toán", "0951 000 030")
    await official.taps("Đúng, sửa đi")
    await citizen.says("cho xin số điện thoại chủ tịch xã")
    citizen.sees("Chủ tịch UBND xã: 0951 000 012", "Trực ban Công an xã: 0951 000 999", "Kế toán: 0951 000 030")
    await citizen.says("cháy nhà rồi")
    citizen.sees("0951 000 999")


async def begin(official: Person, *steps: str) -> None:
    """/thongtinxa and the answers up to the look at old and new."""
    await official.says("/thongtinxa")
    await change(official, *steps)
    if "Chưa có thông tin" in steps:
        await official.taps("Đúng, sửa đi")


async def change(official: Person, *steps: str) -> None:
    """Tap what can be tapped, type the rest."""
    for step in steps:
        labels = sorted((label for label in official.buttons() if step.lower() in label.lower()), key=len)
        await (official.taps(labels[0]) if labels else official.says(step))


async def test_B01_the_five_facts_of_citizen_reception(citizen: Person) -> None:
    """Place, regular hours, the Chairman's days with dates, who attends, expected topics."""
    for asked in ("bao giờ chủ tịch tiếp dân", "lich tiep dan", "#fact-reception:"):
        await citizen.says(asked)
        citizen.sees(
            "Nơi tiếp công dân: Phòng tiếp công dân", "Giờ tiếp thường xuyên: Giờ hành chính",
            "thứ Ba, 08/12/2026, 8 giờ – 11 giờ", "thứ Ba, 22/12/2026", "Người cùng tiếp: Chủ tịch",
            "Nội dung dự kiến: Đất đai",
        )  # fmt: skip


@pytest.mark.web_only("it is about the office, not about her channel")
async def test_B02_the_rules_of_citizen_reception(citizen: Person) -> None:
    """The rules are a tap away, and can be asked for."""
    await citizen.says("lịch tiếp công dân")
    await citizen.taps("Xem nội quy")
    citizen.sees("Nội quy tiếp công dân", "giấy tờ tùy thân")
    await citizen.says("nội quy tiếp công dân thế nào")
    citizen.sees("giấy tờ tùy thân")


@pytest.mark.web_only("it is about the office, not about her channel")
async def test_L16_a_cancelled_day_is_said_wherever_it_is_shown(town: Town, citizen: Person) -> None:
    """The chairman cancels a day and adds another: the schedule says both, and on the day itself so do the hours."""
    head = await chairman(town)
    await begin(head, "Lịch Chủ tịch", "Nghỉ một ngày", "08/12/2026", "họp tại tỉnh")
    head.sees("thứ Ba, 08/12/2026: nghỉ. họp tại tỉnh")
    await head.taps("Đúng, sửa đi")
    await begin(head, "Lịch Chủ tịch", "Thêm một ngày", "10/12/2026", "14:00-16:30", "Đền bù đất đường liên thôn")
    await head.taps("Đúng, sửa đi")
    await citizen.says("lịch chủ tịch")
    citizen.sees(
        "thứ Ba, 08/12/2026: không tiếp được (họp tại tỉnh), xin lỗi bà con.",
        "thứ Năm, 10/12/2026, 14 giờ – 16 giờ 30. Nội dung: Đền bù đất đường liên thôn.", "thứ Ba, 22/12/2026, 8 giờ",
    )  # fmt: skip
    await begin(head, "Lịch Chủ tịch", "Nghỉ một ngày", "22/12/2026", "Không ghi lý do")
    await head.taps("Đúng, sửa đi")
    await citizen.says("lịch chủ tịch")
    citizen.sees("thứ Ba, 22/12/2026: không tiếp được, xin lỗi bà con.")
    town.clock.advance(towns.timedelta(days=12))
    for asked in ("mấy giờ mở cửa", "lịch chủ tịch"):
        await citizen.says(asked)
        citizen.sees("Xin lỗi bà con, hôm nay Chủ tịch không tiếp công dân được (họp tại tỉnh).")
    town.clock.advance(towns.timedelta(days=14))
    await citizen.says("mấy giờ mở cửa")
    citizen.sees("Xin lỗi bà con, hôm nay Chủ tịch không tiếp công dân được.")


@pytest.mark.web_only("it is about the office, not about her channel")
async def test_L16_only_the_clerk_and_the_chairman_change_it(town: Town, citizen: Person) -> None:
    """Others are told so, even when they begin the talk by its button; "no" and what cannot be change nothing."""
    await citizen.says("/thongtinxa")
    citizen.sees("chỉ dành cho cán bộ")
    other = await towns.official(town, "Hoàng Đức Lâm")
    await other.says("/thongtinxa")
    other.sees("chỉ dành cho cán bộ")
    await other.does(kind="tap", text="…", token="#talk:begin,facts-change")
    await change(other, "Trụ sở: địa chỉ", "Chỗ để xe", "Không có chỗ", "Đúng, sửa đi")
    other.sees("dành cho Chủ tịch")
    head = await chairman(town)
    await begin(head, "Trụ sở: địa chỉ", "Chỗ để xe", "Không có chỗ")
    await head.says("không")
    await citizen.says("để xe ở đâu")
    citizen.sees("sân bên phải cổng")
    await begin(head, "Giờ làm việc", "Từ thứ Hai đến thứ Sáu", "nghỉ")
    await head.taps("Đúng, sửa đi")
    head.sees("Chưa sửa được")
    await citizen.says("mấy giờ mở cửa")
    citizen.sees("Từ thứ Hai đến thứ Sáu: 7 giờ 30")
