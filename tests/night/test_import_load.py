"""Thirty thousand dossiers come in through the running service while villagers talk."""

import json
from pathlib import Path

from bot import control
from tests.night import handler
from tests.night.kill import sample_codes, take_in, write_dossiers
from tests.night.script import audit, process, query, script
from tests.town import Databases, settings

ROWS = 30_000
MOST_MEMORY = 300_000_000
GENEROUS = 4
"""A turn may also wait for the groups of the other kinds, and for its share of two busy cores."""


async def test_villagers_are_answered_while_thirty_thousand_dossiers_come_in(
    databases: Databases, tmp_path: Path
) -> None:
    """Every row is taken, every villager answered, no turn waits much longer than one slice, memory stays small."""
    await databases.fresh("sqlite", tmp_path / "data")
    handler.prepare(tmp_path / "data")
    file = write_dossiers(tmp_path / "hồ sơ.csv", ROWS, 4)
    async with process(tmp_path / "data", NIGHT_TRACE=str(tmp_path / "trace")) as service:
        async with script(lambda: f"http://127.0.0.1:{service.port}", 5, 4, sample_codes()) as talk:
            before = talk.ledger.accepted
            assert await take_in(service, file) == control.DONE
            meanwhile = talk.ledger.accepted - before
            await talk.finish()
        taken = "SELECT count(*), count(DISTINCT code_key) FROM dossier WHERE code LIKE 'H98.%'"
        assert await query(service, taken) == [(ROWS, ROWS)]
        memory = service.most_memory
        assert await service.stop() == 0
    count = audit(talk, settings(tmp_path / "data").database)
    assert not count.wrong, f"{count}\n" + "\n".join(count.wrong[:20])
    waits = json.loads((tmp_path / "trace").read_text(encoding="utf-8"))
    slice_took, turn_waited = max(waits["slice_took"]), max(waits["TURN"])
    print(
        f"{meanwhile} messages meanwhile; longest slice {slice_took * 1000:.0f} ms, longest wait of a turn "
        f"{turn_waited * 1000:.0f} ms ({turn_waited / slice_took:.1f} slices); memory {memory / 1e6:.0f} MB; {count}"
    )
    assert meanwhile > 0
    assert len(waits["slice_took"]) >= 2 * ROWS // 1000
    assert turn_waited <= GENEROUS * slice_took
    assert memory < MOST_MEMORY
