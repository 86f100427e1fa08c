"""commune.toml: read whole or refused with every mistake; names of thôn; what still has to be settled."""

import os
import re
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commune import Ambiguous, BadCommune, Commune, Unknown, Village, load
from bot.commune_dossiers import DossierTerms, LetterTerms, QuietDays
from bot.commune_setup import check, told_in_chat, write_new
from storage.facts import Change

FULL = """
name = "UBND xã Suối Lành"
province = "tỉnh mẫu"
[hours]
monday = ["07:00-11:30", "13:30 – 17:00"]
saturday = ["08:00-11:00"]
[office]
promised_minutes = 45
[calendar]
days_off = [2027-02-04]
confirmed_until = 2027-12-31
[private]
codes = ["1.000001"]
phrases = ["thử nghiệm"]
[permits.web]
number = "12/UBND"
signed_on = 2026-07-01
needs_checking = false
[facts.hotline]
value = "số tổng đài tỉnh"
checked_on = 2026-01-05
[[phones]]
role = "office"
name = "Một cửa"
number = "0951 000 001"
[[receivers]]
task = "citizens"
post = "Công chức tiếp công dân"
[[reception_points]]
name = "Trung tâm Phục vụ hành chính công"
address = "Thôn Suối Trên"
[[villages]]
name = "Thôn 2"
former_commune = "xã Đông"
agreed_on = 2026-05-12
minutes = "BB 3"
head_phone = "0951 000 200"
[[villages]]
name = "Thôn 2"
former_commune = "xã Tây"
[[villages]]
name = "Thôn Đồi Chè"
former_names = ["Thôn 2 xã Nam", "Xóm Chùa"]
[[villages]]
name = "Thôn 7"
"""


def village(name: str, former: str = "", *names: str) -> dict:
    return {"name": name, "former_commune": former, "former_names": names}


def commune(*villages: dict, **parts) -> Commune:
    return Commune(name="UBND xã Suối Lành", province="tỉnh mẫu", villages=villages, **parts)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "commune.toml"
    path.write_text(FULL, encoding="utf-8")
    return path


def test_a_full_file_is_read(file):
    """Hours, promises, phones, permits, facts and thôn come out as the file says them."""
    read = load(file)
    assert read.short_name == "xã Suối Lành"
    assert [(span.opens, span.closes) for span in read.hours.on(0)] == [
        (time(7), time(11, 30)), (time(13, 30), time(17))]
    assert read.hours.on(1) == ()
    assert read.office.promised_minutes == 45
    assert read.office.applicants_per_phone == 3
    assert read.phone().number == "0951 000 001"
    assert read.phone("police") is None
    assert read.receiver("citizens").post == "Công chức tiếp công dân"
    assert read.receiver("crime") is None
    assert read.permits["web"].signed_on == date(2026, 7, 1)
    assert [one.label for one in read.villages] == [
        "Thôn 2 (xã Đông cũ)", "Thôn 2 (xã Tây cũ)", "Thôn Đồi Chè", "Thôn 7"]


def test_all_mistakes_are_told_at_once(tmp_path):
    """Each wrong or unknown entry has its own line, named by its place in the file."""
    path = tmp_path / "commune.toml"
    path.write_text(
        'nam = "x"\nname = ""\n[hours]\nmonday = ["11-7"]\ntuesday = ["08:00-11:00", "10:00-12:00"]\n'
        'friday=["25:00-26:00"]\n[office]\npromised_minutes = 0\n'
        '[calendar]\ndays_off = ["soon"]\n[[phones]]\nrole = "king"\nname = "A"\n[facts]\nx = 3\n', encoding="utf-8")
    with pytest.raises(BadCommune) as caught:
        load(path)
    assert set(caught.value.problems) == {
        "nam: không có mục này", "name: không được để trống", "province: còn thiếu",
        'hours.monday.1: cần giờ dạng "07:30-11:30"', 'hours.friday.1: cần giờ dạng "07:30-11:30"',
        "hours.tuesday: các khoảng giờ cần theo thứ tự và không chồng nhau", "office.promised_minutes: cần ít nhất 1",
        "calendar.days_off.1: cần ngày dạng 2026-11-27",
        "phones.1.role: cần một trong các giá trị office, leader, staff, police, militia, health, other",
        "phones.1.number: còn thiếu", "facts.x: cần một nhóm mục",
    }


@pytest.mark.parametrize(("content", "told"), [
    (None, "chưa có tệp này"), (b"\xff\xfe\x00", "UTF-8"), (b"name = \n", "sai cách viết ở dòng 1"),
    (b'name = "A"\nprovince = "B"\n[hours]\n', "ít nhất một ngày"), (b"name = 1", "cần chữ trong ngoặc kép"),
    ("name='A'\nprovince='B'\nvillages=[{name='Thôn 1'},{name='thôn 01'}]".encode(), "có hai thôn cùng tên Thôn 1"),
])
def test_files_that_cannot_be_used(tmp_path, content, told):
    """A missing, garbled or contradictory file is refused with a sentence."""
    path = tmp_path / "commune.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadCommune, match=told):
        load(path)


def test_init_writes_a_file_that_can_be_read(tmp_path):
    """What `init` writes is read back, is unconfirmed, and is never written over."""
    path = tmp_path / "new" / "commune.toml"
    write_new(path, name='UBND xã "Thử"\n', province="tỉnh mẫu", phone="0951 000 001", address="Thôn 1",
              villages=["Thôn 1", "Thôn 2"])
    read = load(path)
    assert read.name == 'UBND xã "Thử"'
    assert [one.name for one in read.villages] == ["Thôn 1", "Thôn 2"]
    assert read.phone().needs_checking
    assert read.reception_points[0].needs_checking
    assert read.hours == commune().hours
    assert read.office == commune().office
    with pytest.raises(FileExistsError):
        write_new(path, name="UBND xã Khác")
    assert os.listdir(path.parent) == ["commune.toml"]
    write_new(tmp_path / "bare.toml")
    assert load(tmp_path / "bare.toml").villages == ()


@pytest.mark.parametrize("written", [
    "Thôn 2 xã Đông cũ", "thon 2, xa dong", "Thôn 02 (xã Đông cũ)", "2 Đông", "thôn 2 - X. Đông, huyện Cũ, tỉnh mẫu",
    "THÔN 2 XÃ ĐÔNG", "thôn 2 xã Đông huyện Cũ",
])
def test_L09_former_communes_tell_the_same_names_apart(written, file):
    """Of three thôn called "Thôn 2" the former commune finds the one that is meant."""
    assert load(file).places.resolve(written).label == "Thôn 2 (xã Đông cũ)"


def test_L09_current_and_former_names(file):
    """A thôn is found by its current name, a former name, with the present commune, with or without accents."""
    places = load(file).places
    for written in ("doi che", "Thôn Đồi Chè", "Thôn Đồi Chè, xã Suối Lành", "xóm chùa", "Thôn 2 xã Nam"):
        assert places.resolve(written).label == "Thôn Đồi Chè"
    several = places.resolve("thôn 2")
    assert isinstance(several, Ambiguous)
    assert [one.label for one in several.villages] == ["Thôn 2 (xã Đông cũ)", "Thôn 2 (xã Tây cũ)", "Thôn Đồi Chè"]


def test_L09_a_kept_name_beside_a_former_one():
    """A thôn that kept its name and one that gave it up are told apart by the present commune."""
    places = commune(village("Thôn 2"), village("Thôn Mới", "", "Thôn 2")).places
    assert isinstance(places.resolve("Thôn 2"), Ambiguous)
    assert places.resolve("Thôn 2 xã Suối Lành").name == "Thôn 2"
    assert places.all[0].label == "Thôn 2 (xã Suối Lành)"


def test_unknown_names_offer_what_is_near(file):
    """A name with a slip finds its neighbours; nonsense finds nothing."""
    near = load(file).places.resolve("Thôn Đồi Che xã Bắc")
    assert isinstance(near, Unknown)
    assert [one.label for one in near.near] == ["Thôn Đồi Chè"]
    for nonsense in ("", "thôn", "…", "xã Đông"):
        assert isinstance(load(file).places.resolve(nonsense), Unknown)


kinds, places = st.sampled_from(["Thôn", "Xóm", "Bản"]), st.sampled_from(["1", "2", "Chùa", "Đồi Chè"])
names = st.builds("{} {}".format, kinds, places)
formers = st.sampled_from(["", "xã Đông", "phường Tây", "Bắc"])


@given(st.lists(st.builds(village, names, formers, names), max_size=8), st.text())
def test_every_label_finds_its_thon(villages, text):
    """In any commune that loads, each label resolves to its own thôn, and no text is ever an error."""
    try:
        places = commune(*villages).places
    except ValueError:
        return
    labels = [one.label for one in places.all]
    assert len(set(labels)) == len(labels)
    assert isinstance(places.resolve(text), Village | Ambiguous | Unknown)
    for one in places.all:
        assert places.resolve(one.label) is one


def test_L05_private_procedures(file):
    """Procedures that tell about a family are private by code or by words of their name; the office decides."""
    usual = commune()
    assert usual.is_private("1.001022", "")
    assert usual.is_private("", "Đăng ký NHẬN CHA, MẸ, CON")
    assert usual.is_private("", "Thực hiện trợ cấp xã hội hằng tháng")
    assert usual.is_private("9.999999", "Cấp Giấy xác nhận tình trạng hôn nhân")
    assert not usual.is_private("1.001193", "Đăng ký khai sinh")
    assert not usual.is_private("", "")
    own = load(file)
    assert own.is_private("1.000001", "")
    assert own.is_private("", "Việc thử nghiệm")
    assert not own.is_private("1.001022", "")


def test_L11_check_asks_for_permits_and_agreements(file):
    """`check` asks for each channel's permitting document and each thôn's date and minutes, errors first."""
    found = check(load(file), date(2026, 11, 21), ("web", "telegram"))
    assert [finding.level for finding in found] == sorted(finding.level for finding in found)
    told = "\n".join(finding.sentence for finding in found)
    assert "qua Telegram (NĐ 118/2025, Điều 16)" in told
    assert "trang web" not in told
    assert "Zalo" not in told
    assert "Thôn 2 (xã Tây cũ): chưa có ngày họp đồng ý và số biên bản." in told
    assert "xã Đông" not in told
    assert "Cần kiểm tra hotline: số tổng đài tỉnh (lần trước 05/01/2026)." in told
    assert "Chưa có số trực của Công an xã." in told
    assert "Lịch nghỉ" not in told


def test_check_of_an_empty_commune():
    """A commune that says nothing is asked for its phone, its counter, its thôn, its receiver and its calendar."""
    found = check(commune(), date(2026, 11, 21), ("zalo",))
    assert [finding.sentence for finding in found if finding.level == "error"] == [
        "Chưa có số, ngày văn bản cho phép hướng dẫn qua Zalo (NĐ 118/2025, Điều 16).",
        "Chưa có số điện thoại của bộ phận tiếp nhận.",
        "Chưa có số trực của Công an xã.", "Chưa có số trực của dân quân.", "Chưa có số trực của trạm y tế.",
        "Danh bạ chưa có số công vụ của lãnh đạo, cán bộ.", "Chưa có nơi tiếp nhận hồ sơ.",
        "Chưa có nơi tiếp công dân.", "Chưa có giờ tiếp công dân.", "Chưa có người dự tiếp công dân.",
        "Chưa có nội dung dự kiến tiếp công dân.",
        "Lịch Chủ tịch tiếp công dân tháng 11/2026 mới có 0 ngày, cần ít nhất 2 ngày (Luật 136/2025/QH15).",
    ]
    assert [finding.sentence for finding in found if finding.level == "warning"] == [
        "Chưa có người được giao tiếp công dân.", "Chưa có nội quy tiếp công dân.",
        "Cần kiểm tra mức Chủ tịch tiếp công dân: ít nhất 2 ngày một tháng từ 01/07/2026 (Luật 136/2025/QH15).",
        "Lịch Chủ tịch tiếp công dân tháng 12/2026 mới có 0 ngày, cần ít nhất 2 ngày (Luật 136/2025/QH15).",
        "Bà con hay hỏi mà chưa có: địa chỉ trụ sở, chỉ đường, chỗ để xe, phòng chờ, wifi, máy photocopy, "
        "cách nộp tiền.",
        "Chưa có danh sách thôn.",
        "Cần kiểm tra hạn trả lời đề nghị về dữ liệu cá nhân: 2 ngày làm việc; sửa xong 10 ngày, xóa xong 20 ngày, "
        "từ 01/01/2026 (NĐ 356/2025/NĐ-CP, Điều 5).",
        "Lịch nghỉ lễ chưa được đối chiếu với thông báo chính thức.",
        "Cần kiểm tra cách tính hạn hồ sơ từ 01/07/2025 (NĐ 118/2025/NĐ-CP; số ngày và số lần xin lỗi theo NĐ "
        "61/2018/NĐ-CP, Điều 19, chưa đối chiếu bản mới): nhận từ 15:00 tính sang ngày làm việc sau; xin lỗi trước hạn "
        "1 ngày làm việc; được hẹn lại 1 lần.",
        "Cần kiểm tra thủ tục nào gợi ý thư (danh mục thủ tục hộ tịch; xin đối chiếu quyết định công bố của tỉnh): "
        "1.000894 kết hôn, 1.001193 khai sinh, 1.000656 khai tử.",
        "Cần kiểm tra hạn trả lời phản ánh, kiến nghị từ 01/07/2026 (NĐ 20/2008, 48/2013, 92/2017 về phản ánh, kiến "
        "nghị; số ngày chưa đối chiếu với quy định của tỉnh): 15 ngày làm việc, việc gấp 1 ngày.",
        "Chưa ghi nơi chịu trách nhiệm việc ngoài xã (owners trong [cases]).",
        "Chưa ghi địa chỉ nhận tố cáo Chủ tịch xã ở tỉnh (province trong [sealed]).",
        "Cần kiểm tra căn cứ tin kín từ 01/07/2026 (Luật Tố cáo 2018, Luật Phòng, chống bạo lực gia đình 2022; chưa "
        "đối chiếu với văn bản mới nhất; Luật 13/2022/QH15, Điều 19).",
        "Cần kiểm tra điều khoản Zalo từ 01/06/2026 (bảng giá Zalo OA từ 01/06/2026, chưa xác nhận với OA của xã): "
        "500 tin mỗi tháng theo gói, sau đó 55 đồng một tin.",
        "Chưa có mẫu tin Zalo: ai im lặng quá 7 ngày chỉ còn cách gọi điện.",
    ]


def test_L16_the_chairman_s_days_are_counted():
    """Cancelled days do not count, months before the law do not matter, and the least is the office's to correct."""
    days = [{"day": "2026-11-03"}, {"day": "2026-11-17", "cancelled": "họp tỉnh"}, {"day": "2026-12-01"}]

    def told(today, **least):
        found = check(commune(citizen_reception={"chairman": days, "least": least}), today, ())
        return [(each.level, each.sentence[:58]) for each in found if "Lịch Chủ tịch" in each.sentence]

    assert told(date(2026, 11, 21)) == [
        ("error", "Lịch Chủ tịch tiếp công dân tháng 11/2026 mới có 1 ngày, c"),
        ("warning", "Lịch Chủ tịch tiếp công dân tháng 12/2026 mới có 1 ngày, c"),
    ]
    assert told(date(2026, 11, 21), days_a_month=1) == []
    assert told(date(2026, 11, 21), since=date(2027, 1, 1)) == []


def test_L13_duty_numbers_are_required():
    """Police, militia, health and each trưởng thôn have a number, or `check` ends with an error (L13)."""
    several = [village(f"Thôn {n}") for n in range(1, 6)]
    several[0]["head_phone"] = "0951 000 201"
    phones = [{"role": role, "name": role, "number": "0951"} for role in ("police", "militia", "leader")]
    errors = {each.sentence for each in check(commune(*several, phones=phones), date(2026, 11, 21), ())
              if each.level == "error"}
    assert "Chưa có số trực của trạm y tế." in errors
    assert "Chưa có số của trưởng thôn: Thôn 2, Thôn 3, Thôn 4 và 1 thôn khác." in errors
    assert not any("Công an" in each or "dân quân" in each or "Danh bạ" in each for each in errors)


def test_L16_what_was_changed_in_chat_is_listed():
    """`check` says who changed what, and when; what was set back is not listed."""
    at = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
    changes = [
        Change("about.parking", "Sân sau", "Bà A", at), Change("phone:Kế toán", "", "Ông B", at),
        Change("about.wifi", None, "Ông B", at), Change("chairman:2026-12-08", {"cancelled": "họp"}, "Ông B", at),
    ]
    assert [each.sentence for each in told_in_chat(changes)] == [
        "Bà A đã đổi khi trò chuyện, 20/11/2026: chỗ để xe: Sân sau. Tệp commune.toml chưa có thay đổi này.",
        "Ông B đã đổi khi trò chuyện, 20/11/2026: phone:Kế toán: bỏ. Tệp commune.toml chưa có thay đổi này.",
        'Ông B đã đổi khi trò chuyện, 20/11/2026: chairman:2026-12-08: {"cancelled": "họp"}. '
        "Tệp commune.toml chưa có thay đổi này.",
    ]


def test_L13_a_thon_is_found_within_a_message():
    """Named with its kind or by a longer name, old or new; what several share, or a bare number, is none."""
    places = commune(
        village("Thôn 2", "xã Đông"), village("Thôn 2", "xã Tây"), village("Thôn Đồi Chè", "", "Xóm Chùa"),
        village("Thôn 7"),
    ).places
    for said, label in {
        "cháy nhà ở Đồi Chè, cứu với": "Thôn Đồi Chè", "nha toi o xom chua bi chay": "Thôn Đồi Chè",
        "thôn 2 xã Tây có người đuối nước": "Thôn 2 (xã Tây cũ)", "thon 7 chay rung": "Thôn 7",
    }.items():
        assert places.within(said).label == label
    for said in ("cháy ở thôn 2", "7 người bị thương", "thôn 7 và thôn đồi chè", "cứu với", ""):
        found = places.within(said)
        assert found is None or said == "thôn 7 và thôn đồi chè"


def test_L16_the_template_s_examples_can_be_used(tmp_path):
    """What `init` writes behind a # is a good example: without the # the file is read and its facts wait to be
    checked.
    """
    write_new(tmp_path / "commune.toml", name="UBND xã Thử", province="tỉnh mẫu", address="Thôn 1")
    text = (tmp_path / "commune.toml").read_text(encoding="utf-8")
    used = re.sub(r"^# (?!needs_checking = true:)(?=\[|[a-z_]+ = )", "", text, flags=re.MULTILINE)
    (tmp_path / "commune.toml").write_text(used, encoding="utf-8")
    read = load(tmp_path / "commune.toml")
    for part in (read.about, read.citizen_reception):
        for name in type(part).model_fields:
            if name not in ("chairman", "least"):
                assert getattr(part, name).needs_checking, name
    assert read.citizen_reception.chairman[0].cancelled == "họp tại tỉnh"
    assert read.languages("nguyễn văn a") == ("tiếng Tày", "tiếng Nùng")
    assert read.dossiers.quick_days == (date(2026, 12, 10), date(2026, 12, 24))
    assert read.dossiers.model_copy(update={"quick_days": (), "source": ""}) == DossierTerms(source="")
    assert read.letters.model_copy(update={"source": ""}) == LetterTerms(source="")
    assert read.quiet == QuietDays(mourning=[date(2026, 10, 20)])
    told = "\n".join(each.sentence for each in check(read, date(2026, 11, 21), ()))
    assert "Cần kiểm tra wifi: Mạng …; mời hỏi cán bộ ở quầy để vào." in told
    assert "Cần kiểm tra nội quy tiếp công dân:" in told


def test_check_lists_what_is_unconfirmed():
    """Unconfirmed documents, phones, counters and a calendar about to end are warnings with their names."""
    parts = {
        "short_name": "Suối Lành", "villages": [village("Thôn 1") | {"agreed_on": "2026-05-12", "minutes": "BB"}],
        "permits": {"web": {"number": "12/UBND", "signed_on": "2026-07-01"}},
        "phones": [
            {"role": "office", "name": "Một cửa", "number": "0951", "needs_checking": True},
            {"role": "health", "name": "Trạm y tế", "number": "0952"},
        ],
        "reception_points": [{"name": "Trung tâm"}, {"name": "Điểm Đông", "address": "Thôn 1"}],
        "calendar": {"confirmed_until": "2026-12-31"},
        "facts": {"fee": {"value": "8.000 đồng"}, "slip": {"value": "giấy hẹn", "needs_checking": False}},
    }
    villages = parts.pop("villages")
    told = [finding.sentence for finding in check(commune(*villages, **parts), date(2026, 11, 21), ("web",))]
    for sentence in (
        "Văn bản 12/UBND cho phép kênh trang web chưa được xác nhận.", "Số điện thoại của Một cửa chưa được xác nhận.",
        "Địa chỉ và ngày làm việc của Trung tâm chưa được xác nhận.", "Cần kiểm tra fee: 8.000 đồng.",
        "Lịch nghỉ lễ mới đối chiếu đến 31/12/2026 với thông báo chính thức.",
    ):
        assert sentence in told


def test_A05_what_is_confirmed_is_not_asked_again():
    """Somebody has looked at deadlines and letters: nothing to check is left; a file that is trusted is still noted."""
    parts = {
        "dossiers": {"needs_checking": False, "trust_ready": True, "quick_days": ["2026-11-20"]},
        "letters": {"needs_checking": False},
    }
    told = [(each.level, each.sentence) for each in check(commune(**parts), date(2026, 11, 21), ())]
    assert not any("hạn hồ sơ" in sentence or "gợi ý thư" in sentence for _level, sentence in told)
    assert ("note", "Tin mời nhận kết quả đi ngay theo tệp một cửa, cán bộ không bấm (trust_ready).") in told
    assert ("note", "Ngày trả nhanh kết quả đã qua hết. Thêm ngày bằng lệnh /ngaytranhanh.") in told


def test_L24_a_letter_for_no_procedure_is_said_so():
    """A commune that took every code out of the list reads that no letter is ever proposed."""
    none = commune(letters={"occasions": {}, "source": "QĐ 1"})
    told = [each.sentence for each in check(none, date(2026, 11, 21), ())]
    assert "Cần kiểm tra thủ tục nào gợi ý thư (QĐ 1): chưa có." in told


def test_L26_mistakes_in_quiet_days_are_told(tmp_path):
    """A lunar month far from Tết and a feast day that is no day have their own lines."""
    path = tmp_path / "commune.toml"
    path.write_text(
        'name = "A"\nprovince = "B"\n[quiet]\nfrom_lunar = [28, 2]\nto_lunar = [31, 1]\nfeast_days = ["02/09"]\n'
        "[dossiers]\nlate = 3\n", encoding="utf-8")
    with pytest.raises(BadCommune) as caught:
        load(path)
    assert set(caught.value.problems) == {
        "quiet.from_lunar.2: cần ít nhất 11", "quiet.to_lunar.1: cần nhiều nhất 30", "dossiers.late: không có mục này",
        'quiet.feast_days.1: cần ngày dạng "02-09" (ngày-tháng) hoặc 2026-11-18',
    }


def test_L09_no_text_says_huyen():
    """Neither the template nor a finding speaks of a huyện."""
    from bot import commune_setup as module

    words = module._TEMPLATE + "".join(finding.sentence for finding in check(commune(), date(2026, 11, 21)))
    assert "huyện" not in words.lower()
