"""With NO_SKIPS=1 a skipped test is a fault: on CI everything that the tests need is installed. For a conftest.py:

from no_skips import pytest_sessionfinish
"""

import os


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("NO_SKIPS") and exitstatus == 0 and reporter.stats.get("skipped"):
        session.exitstatus = 1
        reporter.ensure_newline()
        reporter.line("NO_SKIPS is set, and tests were skipped.", red=True)
