"""Which SQLite library this process uses. Import before anything that imports `sqlite3`.

SQLite 3.7.0 to 3.51.2 can corrupt a WAL database when two connections checkpoint and write at the
same moment (the "WAL-reset" bug, fixed in 3.51.3). Debian 12's Python carries 3.40.1, so where the
bundled `pysqlite3` is newer, it takes the standard module's place.
"""

import sqlite3
import sys
from types import ModuleType

FIXED = (3, 51, 3)


def choose() -> ModuleType:
    """Return the SQLite module to use, after making it what `import sqlite3` finds."""
    if sqlite3.sqlite_version_info >= FIXED:
        return sqlite3
    try:
        import pysqlite3
        from pysqlite3 import dbapi2
    except ImportError:  # no wheel for this platform: the single writer keeps the exposure small
        return sqlite3
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = dbapi2
    chosen: ModuleType = pysqlite3
    return chosen


module = choose()


def affected() -> bool:
    """Say whether the library in use still has the WAL-reset bug; `ktizo serve` warns then."""
    return tuple(module.sqlite_version_info) < FIXED
