"""The reader finds the truth of random samples, and no input breaks it."""

import io
import json
import tracemalloc
from random import Random

import pytest

import expected
import generate
import reader
import shapes
import table

SEEDS = range(4)


def found(data, format):
    own = reader.Reader(format)
    own.read(data)
    result = own.result()
    return {key: result[key] for key in expected.KEYS}, result


@pytest.mark.parametrize("shape", sorted(shapes.SHAPES))
def test_truth(shape):
    for seed in SEEDS:
        file = io.BytesIO()
        truth = generate.generate(shape, seed, file, requests=150)
        result, details = found(file.getvalue(), shapes.SHAPES[shape].format)
        assert result == truth, (seed, details["reasons"])
        assert sum(truth["forbidden"].values()) > 0 and truth["malformed"] == 0


def test_every_format_has_a_shape():
    assert {shape.format for shape in shapes.SHAPES.values()} == set(table.FORMATS) | {"auto"}


@pytest.mark.parametrize("shape", ["aks-eventhub", "eks-subscription", "event-list", "otlp", "array", "elasticsearch"])
def test_one_record(shape):
    file = io.BytesIO()
    truth = generate.generate(shape, 1, file, requests=300, one_record=True)
    assert found(file.getvalue(), shapes.SHAPES[shape].format)[0] == truth
    assert file.getvalue().count(b"\n") <= (3 if shape == "array" else 1)


def test_a_seed_gives_one_file():
    files = [io.BytesIO(), io.BytesIO(), io.BytesIO()]
    for file, seed in zip(files, (1, 1, 2)):
        generate.generate("cri", seed, file, requests=50)
    assert files[0].getvalue() == files[1].getvalue() != files[2].getvalue()


class Nowhere:
    def write(self, data):
        pass


@pytest.mark.parametrize("shape", ["aks-eventhub", "cri", "fluent-bit"])
def test_memory_of_the_generator_is_constant(shape):
    def peak(size):
        tracemalloc.start()
        generate.generate(shape, 1, Nowhere(), size=size, one_record=True, tame=True)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1 << 16)
    assert peak(4 << 20) < 2 * peak(1 << 19) + (1 << 20)


@pytest.mark.parametrize("shape", sorted(shapes.SHAPES))
def test_a_changed_byte_never_forges_a_source(shape):
    """Changed samples are read without an error of the reader, and count no address but those that are there."""
    random = Random(shape)
    file = io.BytesIO()
    generate.generate(shape, 7, file, requests=40)
    data = file.getvalue()
    for _ in range(25):
        result, _ = found(generate.damaged(data, random), shapes.SHAPES[shape].format)
        for outcome in ("forbidden", "unauthorized", "allowed"):
            assert "192.0.2.66 verified" not in result[outcome]


def random_value(random, depth=0):
    names = [key.split(".")[0].strip("^") for row in table.ROWS for key in (*row.keys, *row.audit, *row.item_keys)]
    names += ["kind", "apiVersion", "items", "user", "groups", "code", "responseStatus", "sourceIPs", "body", "values",
              "stringValue", "kvlistValue", "intValue", "data", "protoPayload", "kubernetes", "_source"]
    choice = random.random()
    if depth > 5 or choice < 0.3:
        return random.choice((None, True, 0, -1, 1.5, 403, "", "x", "Event", "audit.k8s.io/v1", "EventList", "k8s.io",
                              "AAAA", "DATA_MESSAGE", "kube-audit", "1.1", "{}", "²", [1, 300], {}, []))
    if choice < 0.8:
        return {random.choice(names): random_value(random, depth + 1) for _ in range(random.randint(0, 6))}
    return [random_value(random, depth + 1) for _ in range(random.randint(0, 4))]


@pytest.mark.parametrize("format", ("auto",) + table.FORMATS)
def test_any_json_is_read(format):
    random = Random(format)
    for _ in range(400):
        value = random_value(random)
        row = random.choice(table.ROWS)
        if isinstance(value, dict):
            # Near the rows: their keys, with any value.
            for key in row.keys:
                value.setdefault(key, random_value(random, 3))
        reader.Reader(format).read(json.dumps(value).encode())
