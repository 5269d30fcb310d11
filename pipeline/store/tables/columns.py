"""What the columns of all tables are made of."""

import sqlalchemy as sa

metadata = sa.MetaData()
HASH = sa.String(64)
ID = sa.String(32)
NAME = sa.String(100)
PERIOD = sa.String(22)  # 2014-02, or 2014-02-15--2014-03-15
QUANTITY = sa.Numeric(22, 9)
AMOUNT = sa.Numeric(30, 9)
INSTANT = sa.DateTime(timezone=True)
NOW = sa.func.now()
