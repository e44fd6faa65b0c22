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


def _is_servers(name):
    name = name.removeprefix("/")
    return name == "kube-apiserver" or name.startswith("k8s_kube-apiserver_kube-apiserver") and "_kube-system_" in name


def _is_foreign(about, value):
    text = value if isinstance(value, str) else ""
    if about in ("namespace", "container"):
        return value != {"namespace": "kube-system", "container": "kube-apiserver"}[about]
    return {"pod": not text.startswith("kube-apiserver"), "stream": text == "stderr", "file": names_other_log(text),
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


def _check(value, names):
    piece, there, is_foreign = WHOLE, set(), False
    for about, paths in names.items():
        for path in paths:
            found, is_there = look(value, path)
            if is_there:
                there.add(about)
                is_foreign |= _is_foreign(about, found)
                piece = max(piece, _piece(about, found))
    # Another pod may have the name of the API server's in its own namespace.
    if is_foreign or ("namespace" in there) != ("container" in there) or "pod" in there and "namespace" not in there:
        raise Foreign("another container")
    check_duplicates(value, [path for paths in names.values() for path in paths])
    # Another value may be a pod's, in the place of the names.
    if not isinstance(value.get("kubernetes"), (dict, type(None))):
        raise Foreign("a container that is not named")
    return piece


def check(value, format=""):
    """Foreign if an object says that another container, or another stream, wrote it; whether its text is a piece."""
    if format == "otlp":
        return _check(otlp_attributes(value), table.NAMES)
    piece = _check(value, table.NAMES)
    for key, has_labels in table.HOLDERS.get(format, ()):
        check_duplicates(value, [key])
        holder = value.get(key)
        if isinstance(holder, dict):
            names = table.NAMES
            if has_labels:
                labels = {about: paths and paths + table.NAMES[about] for about, paths in table.LABELS.items()}
                names = table.NAMES | labels
            piece = max(piece, _check(holder, names))
    return piece


def is_piece(piece, text):
    """Whether a text, with what its record says of it, is a part of a line."""
    size = len(text.encode("utf-8", "surrogateescape")) if piece == TAGGED else 0
    return piece == PIECE or piece == TAGGED and size <= table.LONGEST_PIECE
