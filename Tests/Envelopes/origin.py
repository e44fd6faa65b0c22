"""Who wrote a record, by what the record says of it, and whether its text is a piece of a line."""

import re

import jsontext
import table
from decoding import Foreign, Malformed, look, otlp_attributes

WHOLE, TAGGED, PIECE = 0, 1, 2
_LINK = re.compile(r"kube-apiserver[^_]*_kube-system_kube-apiserver-", re.DOTALL)


def check_duplicates(value, paths):
    """An envelope has each key once: the second may be a client's."""
    for path in paths:
        for key in (path, path.partition(".")[0]):
            if isinstance(value, jsontext.Object) and key in value.duplicates:
                raise Malformed(f"duplicate key {key}")
        head, _, rest = path.partition(".")
        if rest and isinstance(value, dict) and isinstance(value.get(head), dict):
            check_duplicates(value[head], [rest])
            # One key with dots, and keys in each other, spell the same path.
            if path in value and look(value[head], rest)[1]:
                raise Malformed(f"duplicate key {path}")


def names_other_log(path):
    """Whether the path of a file, or the tag made of it, is of a container's log other than the API server's."""
    for mark in "/.":
        _, found, file = path.partition(f"log{mark}containers{mark}")
        if found:
            return not _LINK.match(file)
        _, found, file = path.partition(f"log{mark}pods{mark}")
        if found:
            return not (file.startswith("kube-system_kube-apiserver")
                        and f"{mark}kube-apiserver{mark}" in file[file.rindex("_"):])
    return False


def names_other_link(name):
    """Whether a file's name is of a container's log, `POD_NAMESPACE_CONTAINER-ID.log`, other than the API server's."""
    return bool(re.fullmatch("[^_]*_[^_]*_[^_]*-[0-9a-f]{64}[.]log", name, re.DOTALL)) and not _LINK.match(name)


def _names_other_instance(name):
    """Alloy: NAMESPACE/POD:CONTAINER."""
    return bool(re.match("[^/]*/.*:", name, re.DOTALL)) and not (
        name.startswith("kube-system/kube-apiserver") and name.rpartition(":")[2] == "kube-apiserver")


def _is_servers(name):
    name = name.removeprefix("/")
    return name == "kube-apiserver" or name.startswith("k8s_kube-apiserver_kube-apiserver") and "_kube-system_" in name


def _is_foreign(about, value):
    text = value if isinstance(value, str) else ""
    if about in ("namespace", "container"):
        return value != {"namespace": "kube-system", "container": "kube-apiserver"}[about]
    return {"pod": not text.startswith("kube-apiserver"), "stream": text == "stderr", "file": names_other_log(text),
            "file name": names_other_link(text), "instance": _names_other_instance(text),
            "runtime name": not _is_servers(text), "user unit": True,
            "source type": text.startswith("kube:container:") and text != "kube:container:kube-apiserver",
            "unit": text.startswith(("user@", "session-"))}.get(about, False)


def _piece(about, value):
    if about == "tag":
        return WHOLE if isinstance(value, str) and (value == "F" or value.startswith("F:")) else TAGGED
    is_piece = {"partial": value is not None and value is not False and value != "false",
                "line break": value == "line-max",
                "flags": isinstance(value, list) and ("partial" in value or "truncated" in value)}.get(about, False)
    return PIECE if is_piece else WHOLE


def _is_dockers_piece(record):
    """Docker's pieces have no mark but their end, and shippers that do not join them pass on each."""
    keys = [record.get(key) for key in ("log", "stream", "time")]
    return all(isinstance(value, str) for value in keys) and not keys[0].endswith("\n")


def _check(value, names, has_labels=False):
    piece, there, is_foreign = WHOLE, set(), False
    plain = {about: (key,) for about, key in table.PLAIN.items() if isinstance(value.get(key), str)}
    if not has_labels and len(plain) > 1:
        names = names | {about: names[about] + paths for about, paths in plain.items()}
    for about, paths in names.items():
        for path in paths:
            found, is_there = look(value, path)
            if is_there:
                there.add(about)
                is_foreign |= _is_foreign(about, found)
                piece = max(piece, _piece(about, found))
    # Another pod may have the name of the API server's in its own namespace.
    is_named = "container" in there or "namespace" in there and "runtime name" in there
    if is_foreign or ("namespace" in there) != is_named or "pod" in there and "namespace" not in there:
        raise Foreign("another container")
    check_duplicates(value, [path for paths in names.values() for path in paths])
    # Another value may be a pod's, in the place of the names.
    if not isinstance(value.get("kubernetes"), (dict, type(None))):
        raise Foreign("a container that is not named")
    # Containers of other runtimes have a tag.
    return PIECE if not has_labels and "tag" not in there and _is_dockers_piece(value) else piece


def check(value, format=""):
    """Foreign if an object says that another container, or another stream, wrote it; whether its text is a piece."""
    if format == "otlp":
        return _check(otlp_attributes(value), table.NAMES)
    piece = _check(value, table.NAMES)
    for key, has_labels in table.HOLDERS.get(format, ()):
        check_duplicates(value, [key])
        holder = value.get(key)
        if isinstance(holder, dict):
            piece = max(piece, _check_labels(holder) if has_labels else _check(holder, table.NAMES))
    return piece


def _check_labels(labels):
    names = {about: paths and paths + table.NAMES.get(about, ()) for about, paths in table.LABELS.items()}
    return _check(labels, table.NAMES | names, has_labels=True)


def check_metadata(entry):
    """Loki's structured metadata, behind the text of an entry."""
    pieces = [WHOLE]
    for found in entry[2:]:
        if isinstance(found, dict):
            pieces.append(_check_labels(found))
            check_duplicates(found, ["structuredMetadata"])
            if isinstance(found.get("structuredMetadata"), dict):
                pieces.append(_check_labels(found["structuredMetadata"]))
    return max(pieces)


def is_piece(piece, text):
    """Whether a text, with what its record says of it, is a part of a line."""
    size = len(text.encode("utf-8", "surrogateescape")) if piece == TAGGED else 0
    return piece == PIECE or piece == TAGGED and size <= table.LONGEST_PIECE
