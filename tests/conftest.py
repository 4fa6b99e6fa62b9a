"""What every test stands on: one database per worker, and no deadlines on a shared machine."""

import os

from hypothesis import settings

URL, WORKER = "KTIZO_TEST_POSTGRES", "PYTEST_XDIST_WORKER"

# Tests throw the database's tables away: workers that run side by side need one each
# (scripts/with-postgres.sh makes gw0, gw1, ...). Before any test module reads the variable.
_environ = os.environ  # noqa: TID251 - a setting of the tests, not ours
if _environ.get(URL) and _environ.get(WORKER):
    _environ[URL] = _environ[URL].replace("/postgres?", f"/{_environ[WORKER]}?")

# A slow example is not a wrong one: these machines are busy with other things too.
settings.register_profile("ktizo", deadline=None)
settings.load_profile("ktizo")
