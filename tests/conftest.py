"""What every test stands on: one database per worker, and no deadlines on a shared machine."""

import os
import signal
import threading

from hypothesis import settings

URL, WORKER = "KTIZO_TEST_POSTGRES", "PYTEST_XDIST_WORKER"

# Tests throw the database's tables away: workers that run side by side need one each
# (scripts/with-postgres.sh makes gw0, gw1, ...). Before any test module reads the variable.
_environ = os.environ  # noqa: TID251 - a setting of the tests, not ours
if _environ.get(URL) and _environ.get(WORKER):
    _environ[URL] = _environ[URL].replace("/postgres?", f"/{_environ[WORKER]}?")

# A shell starts what runs in its background with Ctrl-C ignored, and programs pass that on to those
# they start: then the tests that end a program by it would wait for ever.
_main = threading.current_thread() is threading.main_thread()
if _main and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A slow example is not a wrong one: these machines are busy with other things too.
settings.register_profile("ktizo", deadline=None)
settings.load_profile("ktizo")
