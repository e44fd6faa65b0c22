import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from no_skips import pytest_sessionfinish
from roots import DIST, NAME, Root, Service, known_counts, one, recent_log, run

LOG = "var/log/kubernetes/audit/audit.log"


@pytest.fixture(scope="session")
def directory():
    """A directory for root file systems: root alone enters it, because set-user-ID programs are in them."""
    path = Path(tempfile.mkdtemp(prefix=f"{NAME}-packages-"))
    path.chmod(0o700)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def base(directory):
    """A new Debian 12, as a tarball."""
    if os.geteuid() != 0:
        pytest.skip("root file systems need root: run make test-packages as root")
    given = os.environ.get("BASE")
    if given:
        return Path(given)
    # A mirror sometimes does not answer.
    retries = '--aptopt=Acquire::Retries "5"'
    run("mmdebstrap", "--mode=root", "--variant=minbase", retries, "bookworm", directory / "base.tar")
    return directory / "base.tar"


@pytest.fixture(scope="session")
def deb():
    return one(f"{NAME}_*.deb")


@pytest.fixture(scope="session")
def tarball():
    return next(path for path in sorted(DIST.glob(f"{NAME}-*-linux-*.tar.gz")) if "debug" not in path.name)


@pytest.fixture(scope="session")
def first_installation(base, deb, directory):
    """The package in a new root file system; tests get copies."""
    root = Root.unpacked(base, directory / "installed")
    root.output = root.install(root.add(deb))
    root.calls = root.systemctl_calls()
    return root


@pytest.fixture
def installed(first_installation, directory, request):
    root = first_installation.copy(directory / request.node.name)
    yield root
    shutil.rmtree(root.directory)


@pytest.fixture
def service(installed):
    """The service of the installed package, with a log that only root can read."""
    yield from service_in(installed)


def service_in(root):
    service = Service(root)
    path = root.path(LOG)
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_text(recent_log())
    path.chmod(0o600)
    service.set_arguments(f"--audit.log /{LOG} --web.listen-address 127.0.0.1:{service.port}")
    yield service
    service.stop()


@pytest.fixture(scope="session")
def expected():
    return known_counts()
