"""Of a long record with a fault, all items before the fault count, and the fault is one malformed record."""

import json

import pytest

import framing
import reader

EVENT = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "stage": "ResponseComplete", "auditID": "1"}


def item(form):
    text = json.dumps(EVENT)
    return {"hub": {"category": "kube-audit", "properties": {"log": text}}, "watch": {"message": text},
            "search": {"_source": {"message": text}}}.get(form, EVENT)


def beginning(form, extra=""):
    return {"hub": f'{{{extra}"records":[', "list": f'{{"kind":"EventList","apiVersion":"audit.k8s.io/v1",{extra}"items":[',
            "watch": f'{{"messageType":"DATA_MESSAGE","logStream":"kube-apiserver-audit-1",{extra}"logEvents":[',
            "search": f'{{{extra}"hits":{{"hits":['}[form]


def read(text, form):
    own = reader.Reader("elasticsearch" if form == "search" else "auto")
    own.read(text.encode())
    return own.events, own.malformed, own.foreign


@pytest.mark.parametrize("form", ["hub", "list", "watch", "search"])
@pytest.mark.parametrize("fault", [",{", ",tru}]}", "]x", "", '],"a":[1', "}"])
def test_items_before_a_fault(form, fault, monkeypatch):
    items = ",".join([json.dumps(item(form))] * 3)
    text = beginning(form) + items + fault + "\n" + json.dumps(EVENT) + "\n"
    assert read(text, form) == (1, 1, 0)
    monkeypatch.setattr(framing, "LONG", 100)
    assert read(text, form) == (4, 1, 0)


@pytest.mark.parametrize("form", ["hub", "list", "watch"])
def test_another_writer_before_the_items(form, monkeypatch):
    monkeypatch.setattr(framing, "LONG", 100)
    text = beginning(form, '"kubernetes":{"container_name":"web"},') + ",".join([json.dumps(item(form))] * 3)
    assert read(text, form)[0] == 0
