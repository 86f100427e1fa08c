"""Template notices: what fits the limits of an approved template, and what commune.toml may say of it."""

import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import sample
from bot.commune import BadCommune, load
from bot.commune_setup import check
from bot.commune_zalo import Template, ZaloTerms
from bot.zalo_templates import FIELDS, LIMITS, NOTICES, Unfit, body, data

READY = Template(id="7895417a7d3f9461cd2e", parameters={"ten": "name", "ma_ho_so": "code", "noi_tra": "place"})
VALUES = {"name": "Nguyễn Thị Bích", "code": "H55.242-261102-0012", "place": "Quầy 3"}


def test_each_parameter_of_the_template_is_filled_and_nothing_else() -> None:
    """Fields of ours that the template does not declare stay out: Zalo refuses undeclared ones."""
    assert data(READY, VALUES | {"day": "27/11/2026"}) == {
        "ten": "Nguyễn Thị Bích", "ma_ho_so": "H55.242-261102-0012", "noi_tra": "Quầy 3",
    }  # fmt: skip


def test_lengths_are_counted_after_composing() -> None:
    """A name of 30 letters typed on a phone that decomposes them is not too long."""
    name = "Nguyễn Thị Hồng Phượng Quỳnh ế"
    assert len(name) == 30 < len(unicodedata.normalize("NFD", name))
    assert data(READY, VALUES | {"name": unicodedata.normalize("NFD", name)})["ten"] == name


def test_a_name_or_code_is_never_cut_and_a_place_is() -> None:
    """A cut name is somebody else's; a long address still helps."""
    for field in ("name", "code"):
        with pytest.raises(Unfit):
            data(READY, VALUES | {field: "N" * 31})
    place = data(READY, VALUES | {"place": "Nhà văn hóa thôn Suối Trên, " * 10})["noi_tra"]
    assert len(place) <= 200
    assert place.endswith("…")
    assert data(READY, VALUES | {"place": "x" * 300})["noi_tra"] == "x" * 200


@pytest.mark.parametrize("empty", ["", "  ", "\u200b"])
def test_an_empty_parameter_is_refused_before_it_costs_anything(empty: str) -> None:
    """Zalo refuses it; nothing was filled in for her."""
    with pytest.raises(Unfit, match="ten"):
        data(READY, VALUES | {"name": empty})


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)), st.text(max_size=400)))
def test_whatever_is_filled_in_is_within_the_limits(values: dict[str, str]) -> None:
    """Composed, on one line, not empty, not too long; or refused."""
    for field, kind in FIELDS.items():
        try:
            (said,) = data(Template(id="t", parameters={"x": field}), values).values()
        except Unfit:
            continue
        assert 0 < len(said) <= LIMITS[kind]
        assert said == unicodedata.normalize("NFC", said)
        assert "\n" not in said


def test_the_row_says_by_which_way_it_goes() -> None:
    """By user id no phone is in it; by phone the number has no plus, as Zalo wants it."""
    assert body(READY, "uid", VALUES, "gd-1")["template"] == {
        "by": "uid", "id": READY.id, "data": data(READY, VALUES), "tracking": "gd-1",
    }  # fmt: skip
    assert body(READY, "phone", VALUES, "gd-1", "+84912345678")["template"]["phone"] == "84912345678"
    with pytest.raises(Unfit, match="tracking"):
        body(READY, "uid", VALUES, "x" * 49)


def test_no_notice_tells_what_a_dossier_is_about() -> None:
    """L05: nothing names the procedure; every field has a type with a limit."""
    fields = frozenset.union(*NOTICES.values())
    assert fields == set(FIELDS)
    assert not [field for field in fields if "procedure" in field]
    assert set(FIELDS.values()) <= set(LIMITS)


# --- commune.toml -----------------------------------------------------------------------------------------------------

COMMUNE = 'name = "UBND xã Suối Lành"\nprovince = "tỉnh Lào Cai"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "commune.toml"
    path.write_text(COMMUNE + text, encoding="utf-8")
    return path


def test_templates_and_prices_are_read_from_the_file(tmp_path: Path) -> None:
    """What Zalo has approved and asks for is the commune's own; what nobody says is marked as not confirmed."""
    text = """
[zalo]
monthly_budget = 100000
chat_price = 60
template_hours = { opens = 06:30:00, closes = 21:00:00 }
[zalo.templates.result-ready]
id = "7895417a7d3f9461cd2e"
parameters = { ten = "name", ma_ho_so = "code" }
price_uid = 120
"""
    zalo = load(written(tmp_path, text)).zalo
    assert (zalo.monthly_budget, zalo.chat_price, zalo.template_hours.opens.minute) == (100000, 60, 30)
    assert zalo.templates["result-ready"].price_uid == 120
    assert zalo.templates["result-ready"].needs_checking
    assert zalo.needs_checking


def test_nothing_is_paid_before_the_commune_sets_a_budget() -> None:
    """The default spends nothing."""
    assert ZaloTerms().monthly_budget == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[zalo.templates.result-redy]\nid = "x"\n', "không có loại tin result-redy"),
        ('[zalo.templates.result-ready]\nid = "x"\nparameters = { ten = "fee" }\n', "không có mục fee"),
        ("[zalo]\nnotice_hours = { opens = 21:00:00, closes = 07:00:00 }\n", "giờ mở phải trước"),
    ],
)
def test_mistakes_in_the_file_are_told_in_a_sentence(tmp_path: Path, text: str, told: str) -> None:
    """A clerk may be the one who edits it."""
    with pytest.raises(BadCommune, match=told):
        load(written(tmp_path, text))


@pytest.mark.parametrize(
    ("zalo", "told"),
    [
        ({}, "ai im lặng quá 7 ngày chỉ còn cách gọi điện"),
        ({"templates": {"result-ready": READY}}, "monthly_budget = 0"),
        ({"templates": {"result-ready": READY}, "monthly_budget": 1}, "Cần kiểm tra mẫu tin Zalo result-ready"),
        ({}, "Cần kiểm tra điều khoản Zalo từ 01/06/2026"),
    ],
)
def test_check_says_what_is_missing_before_somebody_silent_can_be_told(zalo: dict[str, Any], told: str) -> None:
    """And what nobody has confirmed; a commune without Zalo hears nothing of it."""
    commune = sample.commune().model_copy(update={"zalo": ZaloTerms(**zalo)})
    day = date(2026, 11, 26)
    assert told in " ".join(each.sentence for each in check(commune, day, ["zalo"]))
    assert told not in " ".join(each.sentence for each in check(commune, day, ["web"]))


def test_check_is_content_with_confirmed_terms() -> None:
    """Nothing is left to say of them."""
    ready = READY.model_copy(update={"needs_checking": False})
    terms = ZaloTerms(templates={"result-ready": ready}, monthly_budget=1, needs_checking=False)
    commune = sample.commune().model_copy(update={"zalo": terms})
    sentences = [each.sentence for each in check(commune, date(2026, 11, 26), ["zalo"])]
    assert not [each for each in sentences if "mẫu tin" in each or "điều khoản Zalo" in each]
