"""The files of the image: the exporter, the Debian libraries that it needs, and what tells scanners about them.

mmdebstrap downloads the packages and apt verifies them. No file is executed, so this works without root, and for
another architecture than that of this machine.
"""

import io
import os
import posixpath
import re
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

SUITE = "bookworm"
# Packages with the libraries of the exporter; apt adds those that they depend on. A library that is in none of them is
# an error, and a package of which no file is needed is left out.
LIBRARIES = (
    "libc6 libcrypt1 libgcc-s1 libgnutls30 libmaxminddb0 libmicrohttpd12 libsimdjson14 libsqlite3-0 libstdc++6 "
    "libzstd1 zlib1g"
).split()
# Files that are not libraries: the release for scanners, and the authorities for client certificates without a CA of
# their own, which GnuTLS reads from one file.
OTHERS = {"base-files": ["usr/lib/os-release", "etc/debian_version"], "ca-certificates": []}
AUTHORITIES = "usr/share/ca-certificates/mozilla"
TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
MACHINES = {"amd64": "Advanced Micro Devices X86-64", "arm64": "AArch64"}

USER = 65532
EXPORTER = "usr/bin/kube-audit-exporter"
DOCUMENTS = "usr/share/doc/kube-audit-exporter"
STATUS = "var/lib/dpkg/status.d"
STATE = "var/lib/kube-audit-exporter"
TEXTS = {
    "etc/passwd": f"""root:x:0:0:root:/:/usr/sbin/nologin
kube-audit-exporter:x:{USER}:{USER}:kube-audit-exporter:/:/usr/sbin/nologin
""",
    "etc/group": f"root:x:0:\nkube-audit-exporter:x:{USER}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
# Other directories are made for the files in them. Runtimes mount something at the empty ones, which they cannot create
# in a file system that is read-only.
DIRECTORIES = "dev proc sys run etc/kube-audit-exporter var/log/kubernetes/audit".split()


class RootError(Exception):
    """The root file system cannot be made as described."""


@dataclass(frozen=True)
class Entry:
    """A directory, a file with its content, or a symbolic link with its target."""

    mode: int
    content: bytes | None = None
    target: str | None = None
    user: int = 0
    group: int = 0


def run(*command):
    """The output of a command, in the language that it is read in here."""
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout
    except FileNotFoundError:
        raise RootError(f"{command[0]} is not installed") from None
    except subprocess.CalledProcessError as error:
        raise RootError(f"{' '.join(map(str, command))} ended with {error.returncode}") from None


class Package:
    """A Debian package: its control file, and its files under the paths that they have with a merged /usr."""

    def __init__(self, deb):
        about = unpacked(run("dpkg-deb", "--ctrl-tarfile", deb))
        self.control = about["control"].content
        self.name = re.search(r"^Package: (.+)$", self.control.decode(), re.MULTILINE)[1]
        self.files = {merged(path): entry for path, entry in unpacked(run("dpkg-deb", "--fsys-tarfile", deb)).items()}
        # Packages name their files without a merged /usr.
        sums = about["md5sums"].content.decode().splitlines() if "md5sums" in about else []
        self.checksums = {line: merged(line.split(None, 1)[1]) for line in sums}


def unpacked(data):
    """The files and links of an archive by path."""
    result = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            path = member.name.removeprefix("./")
            if member.isfile() or member.islnk():
                result[path] = Entry(member.mode & 0o755, archive.extractfile(member).read())
            elif member.issym():
                result[path] = Entry(0o777, target=member.linkname)
    return result


def merged(path):
    """A path with /usr merged: /lib is a link to /usr/lib."""
    return f"usr/{path}" if re.match(r"(bin|sbin|lib|lib64)/", path) else path


def download(architecture, mirror):
    """The packages for an architecture, from Debian's archive as mmdebstrap knows it, or from another mirror."""
    wanted = ",".join([*LIBRARIES, *OTHERS])
    with tempfile.TemporaryDirectory(prefix="kube-audit-exporter-image-") as directory:
        root = f"{directory}/root"
        # chrootless: the variant "extract" runs nothing of the packages, so it needs neither root nor a chroot.
        run(
            *["mmdebstrap", "--quiet", "--variant=extract", "--mode=chrootless", "--format=directory"],
            *[f"--architectures={architecture}", f"--include={wanted}", "--skip=cleanup/apt", SUITE, root],
            *([mirror] if mirror else []),
        )
        return [Package(deb) for deb in sorted(Path(root, "var/cache/apt/archives").glob("*.deb"))]


class RootBuilder:
    """Collects files of packages, following links and the libraries that ELF files need."""

    def __init__(self, packages, architecture):
        self.owners = {path: package for package in packages for path in package.files}
        self.packages = {package.name: package for package in packages}
        self.architecture = architecture
        self.entries = {}
        self.used = set()

    def add(self, path):
        """Adds a file of a package with its libraries, or a link with the file that it points to."""
        path = merged(path)
        if path in self.entries:
            return
        if path not in self.owners:
            raise RootError(f"no package has {path}; add its package to LIBRARIES in {__file__}")
        package = self.owners[path]
        entry = package.files[path]
        self.entries[path] = entry
        self.used.add(package.name)
        if entry.target is not None:
            self.add(posixpath.normpath(posixpath.join("/", posixpath.dirname(path), entry.target)).lstrip("/"))
        elif entry.content.startswith(b"\x7fELF"):
            self.add_libraries(entry.content, path)

    def add_libraries(self, content, path):
        """Adds the interpreter and the libraries that an ELF file needs, as the dynamic loader looks for them."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            headers = run("readelf", "--file-header", "--program-headers", "--dynamic", "--wide", file.name).decode()
        machine = re.search(r"Machine:\s+(.+)", headers)[1]
        if machine != MACHINES[self.architecture]:
            raise RootError(f"{path} is for {machine}, not for {self.architecture}")
        for interpreter in re.findall(r"program interpreter: /(.+)\]", headers):
            self.add(interpreter)
        for name in re.findall(r"\(NEEDED\).*\[(.+)\]", headers):
            found = [f"usr/lib/{TRIPLETS[self.architecture]}/{name}", f"usr/lib64/{name}", f"usr/lib/{name}"]
            self.add(next((item for item in found if item in self.owners), found[0]))

    def describe(self):
        """Adds the copyright of each package with a file in the image, and its entry in dpkg's format for scanners."""
        for name in list(self.used):
            self.add_copyright(name)
        for name in sorted(self.used):
            package = self.packages[name]
            self.entries[f"{STATUS}/{name}"] = Entry(0o644, package.control)
            sums = [f"{line}\n" for line, path in package.checksums.items() if path in self.entries]
            if sums:
                self.entries[f"{STATUS}/{name}.md5sums"] = Entry(0o644, "".join(sums).encode())

    def add_copyright(self, name):
        """Adds a package's copyright, which may be a link into the directory of another package, or that is a link."""
        directory = f"usr/share/doc/{name}"
        link = self.owners.get(directory)
        if link is None:
            self.add(f"{directory}/copyright")
            return
        self.entries[directory] = link.files[directory]
        self.add_copyright(posixpath.basename(link.files[directory].target))


def libraries(packages, binary, architecture):
    """The layer below the exporter: what it needs of Debian. Returns the entries by path."""
    builder = RootBuilder(packages, architecture)
    builder.add_libraries(binary, "the exporter")
    for name, paths in OTHERS.items():
        builder.used.add(name)
        for path in paths:
            builder.add(path)
    certificates = builder.packages["ca-certificates"].files
    authorities = [entry.content for path, entry in sorted(certificates.items()) if path.startswith(AUTHORITIES + "/")]
    if not authorities:
        raise RootError("the package ca-certificates has no certificates")
    builder.describe()
    entries = builder.entries
    entries["etc/ssl/certs/ca-certificates.crt"] = Entry(0o644, b"".join(authorities))
    entries["etc/os-release"] = Entry(0o777, target="../usr/lib/os-release")
    for name in ("bin", "sbin", "lib", "lib64"):
        entries[name] = Entry(0o777, target=f"usr/{name}")
    for path in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", *DIRECTORIES):
        entries[path] = Entry(0o755)
    return with_directories(entries)


def program(files):
    """The layer of the exporter: all that changes with a new version of it."""
    entries = {path: Entry(0o644, text.encode()) for path, text in TEXTS.items()}
    entries.update((path, Entry(0o755 if path == EXPORTER else 0o644, content)) for path, content in files.items())
    # Writable for the image's user, and for members of root's group: root without capabilities, and the users that
    # OpenShift makes up.
    entries[STATE] = Entry(0o770, user=USER, group=0)
    # The default of --storage.path is data/, relative to the working directory /.
    entries["data"] = Entry(0o777, target=STATE)
    return with_directories(entries)


def control_files(entries):
    """The control files of the packages in a layer, by name."""
    return [
        entry.content
        for path, entry in entries.items()
        if path.startswith(f"{STATUS}/") and not path.endswith(".md5sums")
    ]


def document(name, content):
    """A layer with a document."""
    return with_directories({f"{DOCUMENTS}/{name}": Entry(0o644, content)})


def with_directories(entries):
    """Adds the directories that lead to the entries."""
    result = dict(entries)
    for path in entries:
        while path := posixpath.dirname(path):
            result.setdefault(path, Entry(0o755))
    return dict(sorted(result.items()))
