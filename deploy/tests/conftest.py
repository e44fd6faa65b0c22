import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from no_skips import pytest_sessionfinish

# Debian has no API server, so these tests are optional.
collect_ignore = [] if os.environ.get("KUBE_APISERVER") else ["test_cluster.py"]


def pytest_terminal_summary(terminalreporter):
    if collect_ignore:
        terminalreporter.line("Without test_cluster.py: KUBE_APISERVER and ETCD do not name these programs.")
