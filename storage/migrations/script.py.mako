"""${message}

Revision ${up_revision}, after ${down_revision or "nothing"}. There is no way down: restore a backup instead.
"""
# ruff: noqa

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
