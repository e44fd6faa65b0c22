import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

# Debian has no API server, so these tests are optional.
collect_ignore = [] if os.environ.get("KUBE_APISERVER") else ["test_cluster.py"]


def pytest_terminal_summary(terminalreporter):
    if collect_ignore:
        terminalreporter.line("Without test_cluster.py: KUBE_APISERVER and ETCD do not name these programs.")


def pytest_sessionfinish(session, exitstatus):
    """On CI everything that the tests need is installed, so a skipped test is a fault: NO_SKIPS=1."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("NO_SKIPS") and exitstatus == 0 and reporter.stats.get("skipped"):
        session.exitstatus = 1
        reporter.ensure_newline()
        reporter.line("NO_SKIPS is set, and tests were skipped.", red=True)
