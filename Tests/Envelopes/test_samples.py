"""Every sample gives its expected counts, by itself and as the second delivery of the same five requests."""

import pytest

import expected
import framing
import reader
import table

FILES = sorted(expected.FILES)
SAME = [name for name in FILES if expected.FILES[name]["same"]]


def found(result):
    return {key: result[key] for key in expected.KEYS}


def wanted(name):
    return {key: expected.FILES[name][key] for key in expected.KEYS}


def input_of(name):
    return f"{expected.FILES[name]['format']}:{expected.path(name)}"


def test_every_sample_has_its_expected_counts():
    names = {file.name for file in expected.SAMPLES.iterdir()} - {"README.md"}
    assert names == set(FILES) and len(FILES) == 41


@pytest.mark.parametrize("name", FILES)
def test_counts_of_the_readme(name):
    # Written by hand from the README, where expected.json was written from results.
    counts = expected.FILES[name]
    assert counts["forbidden"] == (
        {} if name == "rancher.log" else {"2001:db8::5 verified": 1, "203.0.113.10 verified": 2})
    assert counts["unauthorized"] == ({"192.0.2.30 verified": 1} if name.startswith("gke-") else {})
    assert counts["allowed"] == {}
    assert counts["truncated"] == (name in ("eks-subscription.json", "aks-storage.log"))
    assert counts["malformed"] == (3 if name == "rancher.log" else 0)
    assert counts["events"] == (0 if name == "rancher.log" else 7 if name.startswith("gke-") else 5)
    # The CONTROL_MESSAGE of Firehose is a foreign record too.
    others = {"eks-firehose-s3.json": 4, "eks-firehose-s3.gz": 4, "gke-read.json": 1, "aks-eventhub.json": 3,
              "aks-storage.log": 1, "viaq.log": 1, "fluent-bit-kubernetes.log": 2, "syslog.log": 1, "cri.log": 2,
              "docker-json.log": 1, "journald.log": 2}
    assert counts["foreign"] == others.get(name, 0)


@pytest.mark.parametrize("name", FILES)
def test_file(name):
    assert found(reader.read_files([input_of(name)])) == wanted(name)


@pytest.mark.parametrize("name", [name for name in FILES if "auto" in expected.FILES[name]])
def test_file_without_its_flag(name):
    result = reader.read_files([expected.path(name)])
    auto = expected.FILES[name]["auto"]
    assert (result["forbidden"], result["unauthorized"], result["events"]) == ({}, {}, 0)
    assert result["malformed"] == auto["malformed"] > 0
    assert max(result["looks_like"], key=result["looks_like"].get) == auto["looks_like"]


@pytest.mark.parametrize("name", SAME)
def test_file_as_the_second_delivery(name):
    for first in ("fluent-bit-parsed.log", "webhook-v1beta1.json", "viaq.log"):
        result = reader.read_files([input_of(first), input_of(name)])
        assert result["forbidden"] == {"2001:db8::5 verified": 1, "203.0.113.10 verified": 2}


def test_all_files_together():
    result = reader.read_files([input_of(name) for name in SAME])
    assert result["forbidden"] == {"2001:db8::5 verified": 1, "203.0.113.10 verified": 2}


def test_all_forms_of_gke_together():
    # One form has the newest first: order does not matter.
    result = reader.read_files([input_of(name) for name in FILES if name.startswith("gke-")])
    assert result["forbidden"] == {"2001:db8::5 verified": 1, "203.0.113.10 verified": 2}
    assert result["unauthorized"] == {"192.0.2.30 verified": 1}


@pytest.mark.parametrize("format", ("auto",) + table.FORMATS)
def test_hostile_events(format):
    result = reader.read_files([expected.path("hostile.log")], format)
    assert result["forbidden"] == {"2001:db8::5 verified": 1, "203.0.113.10 verified": 2}
    assert result["events"] == 5


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("format", ("auto",) + table.FORMATS)
def test_no_format_counts_a_forgery(name, format):
    result = reader.read_files([expected.path(name)], format)
    counted = {key.split()[0] for outcome in ("forbidden", "unauthorized", "allowed") for key in result[outcome]}
    assert counted <= {"203.0.113.10", "2001:db8::5", "192.0.2.30"}


@pytest.mark.parametrize("format, name", [
    ("eks", "eks-subscription.json"), ("eks", "eks-firehose-s3.json"), ("eks", "eks-firehose-s3.gz"),
    ("aks", "aks-eventhub.json"), ("aks", "aks-storage.log"), ("fluent-bit", "fluent-bit-parsed.log"),
    ("fluent-bit", "gdc.log"), ("vector", "webhook-v1beta1.json"), ("loki", "hostile.log")])
def test_what_needs_no_flag_may_have_one(format, name):
    assert found(reader.read_files([f"{format}:{expected.path(name)}"])) == wanted(name)


@pytest.mark.parametrize("name", FILES)
def test_one_row_of_a_format_fits_a_record(name):
    text = framing.text_of(expected.path(name).read_bytes()) if not name.endswith(".gz") else ""
    for kind, value in framing.records(text):
        for format in table.FORMATS + ("openshift",):
            if kind == framing.OBJECT:
                fitting = [row.name for row in table.ROWS
                           if row.format == format and not row.nested and not row.general
                           and reader.Reader._matches(row, value)]
            else:
                fitting = [prefix.name for prefix in table.PREFIXES
                           if prefix.format == format and prefix.pattern.match(value)]
            # A line of a file of rsyslog has no <PRI>: its rows exclude each other by their first character.
            assert len(fitting) <= 1, fitting


def test_line_feed_after_the_last_record_does_not_matter():
    for name in FILES:
        if name.endswith(".gz"):
            continue
        data = expected.path(name).read_bytes()
        # A carriage return before a line feed is white space, but part of a piece that goes on.
        windows = data if name == "cri.log" else data.replace(b"\n", b"\r\n")
        for changed in (data.rstrip(b"\n"), data + b"\n\n", windows):
            own = reader.Reader(expected.FILES[name]["format"])
            own.read(changed)
            assert found(own.result()) == wanted(name), name
