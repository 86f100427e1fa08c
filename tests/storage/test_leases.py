"""Leases: one holder per channel account, told apart by the epoch."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select

from storage import leases
from storage.db import create_engine_for
from storage.leases import lease
from tests import stores

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
HERE = (1, "test", "account")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty PostgreSQL database, where several processes may want the lease."""
    with stores.fresh("postgres", tmp_path) as url:
        made = create_engine_for(url, stores.KEYS)
        yield made
        made.dispose()


def acquire(db: Connection, *key: object) -> int | None:
    """Take the lease in a transaction of its own, as a sender does."""
    with db.begin():
        return leases.acquire(db, *(key or HERE), NOW)


@pytest.mark.parametrize("kind", stores.BOTH)
def test_each_holder_gets_a_higher_epoch(kind: str, tmp_path: Path) -> None:
    """Whoever takes the lease next is told apart by a higher number, also after a restart."""
    with stores.fresh(kind, tmp_path) as url:
        for epoch in (1, 2, 3):
            engine = create_engine_for(url, stores.KEYS)
            with engine.connect() as db:
                assert acquire(db) == epoch
                leases.confirm(db, *HERE, epoch)
                assert acquire(db, 1, "test", "another account") == epoch
                assert acquire(db, 2, "test", "account") == epoch
            engine.dispose()


def test_only_one_connection_holds_a_lease(engine: Engine) -> None:
    """While one process holds the lease another gets nothing, and the epoch does not move."""
    with engine.connect() as one, engine.connect() as other:
        assert acquire(one) == 1
        assert acquire(other) is None
        assert acquire(other, 1, "test", "another account") == 1
        with pytest.raises(leases.Lost):
            leases.confirm(other, *HERE, 1)
        leases.confirm(one, *HERE, 1)
        with one.begin():
            assert one.execute(select(lease.c.epoch).where(lease.c.account == "account")).scalar_one() == 1


def test_a_holder_may_take_its_own_lease_again(engine: Engine) -> None:
    """Taking it again on the same connection gives a new epoch, and the old one is void."""
    with engine.connect() as db:
        assert (acquire(db), acquire(db)) == (1, 2)
        leases.confirm(db, *HERE, 2)
        with pytest.raises(leases.Lost):
            leases.confirm(db, *HERE, 1)


def test_losing_the_connection_is_losing_the_lease(engine: Engine) -> None:
    """When the connection ends another process can have the lease at once, and the first can confirm nothing."""
    with engine.connect() as one, engine.connect() as other:
        assert acquire(one) == 1
        one.invalidate()
        one.rollback()
        for _try in range(200):  # the server notices the closed connection a moment later
            if (epoch := acquire(other)) is not None:
                break
        assert epoch == 2
        with pytest.raises(leases.Lost):
            leases.confirm(one, *HERE, 1)
        with one.begin():
            pass
        assert acquire(one) is None
