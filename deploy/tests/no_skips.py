"""With NO_SKIPS=1 a skipped test is a fault: on CI everything that the tests need is installed. A reason that begins with
"this machine" is allowed, for what no installation can change, such as a kernel that refuses. For a conftest.py:

from no_skips import pytest_sessionfinish
"""

import os


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    reasons = [report.longrepr[2].removeprefix("Skipped: ") for report in reporter.stats.get("skipped", [])]
    faults = [reason for reason in reasons if not reason.startswith("this machine")]
    if os.environ.get("NO_SKIPS") and exitstatus == 0 and faults:
        session.exitstatus = 1
        reporter.ensure_newline()
        reporter.line("NO_SKIPS is set, and tests were skipped.", red=True)
