"""The sample commune is fictional, the same each time, and shows every case."""

from collections import Counter
from datetime import date, datetime

import pytest

from bot import sample
from bot.commune import Ambiguous
from bot.commune_setup import check
from bot.settings import ZONE
from messages import codes
from messages.statuses import STATUSES, late

DAYS = [date(2026, 11, 21), date(2026, 11, 24), date(2027, 2, 8), date(2026, 12, 1)]


def test_the_commune():
    """33 thôn, three of them called Thôn 2, some merged; nothing of it needs a decision but the calendar."""
    commune = sample.commune()
    assert (commune.name, commune.province, len(commune.villages)) == ("UBND xã Suối Lành", "tỉnh mẫu", 33)
    assert isinstance(commune.places.resolve("Thôn 2"), Ambiguous)
    assert commune.places.resolve("Thôn 3 xã Bến Mơ").label == "Thôn Suối Trên"
    assert not [finding for finding in check(commune, DAYS[0], ("web",)) if finding.level == "error"]


def test_the_households():
    """1,200 households have codes and numbers of their own, in all thôn, some without a phone."""
    homes = sample.households()
    phones = [home.phone for home in homes if home.phone]
    assert len(homes) == len({home.code for home in homes}) == 1200
    assert len(set(phones)) == len(phones) < 1200
    assert {home.village for home in homes} == {village.label for village in sample.commune().villages}
    assert all(phone.startswith("+84951") and len(phone) == 12 for phone in phones)


@pytest.mark.parametrize("today", DAYS)
def test_the_dossiers_show_every_case(today):
    """On a working day, a weekend, a holiday or in Tết there is every state, early, due that day and late."""
    dossiers = sample.dossiers(today)
    now = datetime.combine(today, datetime.min.time(), ZONE).replace(hour=7)
    assert len(dossiers) == len({one.code_key for one in dossiers}) == 600
    assert {one.status for one in dossiers} == set(STATUSES)
    assert all(codes.canonical(one.code) == one.code for one in dossiers)
    assert all(one.received_at < now for one in dossiers)
    assert all(one.received_at <= one.due_at for one in dossiers if one.due_at)
    assert sum(late(one.status, one.due_at, now) for one in dossiers) > 20
    assert any(one.status == 4 and one.due_at.date() == today for one in dossiers)
    assert any(one.status == 9 and one.due_at > now for one in dossiers)
    assert any(one.phone is None for one in dossiers)
    assert sum(sample.commune().is_private(one.procedure_code, "") for one in dossiers) > 50
    helper = Counter(one.phone for one in dossiers)[sample.HELPER_PHONE]
    assert helper > sample.commune().office.applicants_per_phone


def test_it_is_the_same_each_time():
    """Made again, the sample is equal to itself."""
    first = (sample.households(), sample.dossiers(DAYS[0]))
    for made in (sample.commune, sample.households, sample.dossiers):
        made.cache_clear()
    assert (sample.households(), sample.dossiers(DAYS[0])) == first


@pytest.mark.parametrize("today", DAYS)
def test_the_codes_to_try(today):
    """The three codes of the demo page are a result, a late dossier and a private one, each with its tail."""
    ready, overdue, private = sample.demo_codes(today)
    found = {one.code: one for one in sample.dossiers(today)}
    assert found[ready.code].status == 9
    assert late(4, found[overdue.code].due_at, datetime.combine(today, datetime.min.time(), ZONE))
    assert sample.commune().is_private(found[private.code].procedure_code, "")
    for demo in (ready, overdue, private):
        assert found[demo.code].phone.endswith(demo.tail)
        assert len(demo.tail) == 4


def test_the_officials():
    """Every role and right has somebody, and the village head has a thôn of the commune."""
    people = sample.officials()
    assert {one.role for one in people} == {"official", "village-head", "chairman", "clerk"}
    assert {right for one in people for right in one.rights} == {"approve", "stamp", "read-sealed", "duty", "receive"}
    (head,) = [one for one in people if one.role == "village-head"]
    assert head.village in {village.label for village in sample.commune().villages}
