#!/usr/bin/env python3
"""The analytic's table of audit logs, as an independent second opinion on `scan` and the API.

    python3 Tests/Parity/analytic.py [--place NETWORK=COUNTRY/CITY ...] LOG ... > table.json
    python3 Tests/Parity/analytic.py --lines EVENTLIST ... > audit.log

It uses nothing of the exporter and nothing but Python's standard library. A log has an event per line. --lines prints the
events of webhook bodies as such a log. A row has the columns of the analytic, and:

    events     the analytic's count: each event for each of its addresses
    requests   the exporter's count, by the rule in its README: an event for each stage that a request was logged in, and
               an event that was read twice, are one request
    dropped    whether the analytic leaves the row out, since country or city is unknown
    empty      columns of which the analytic lists an empty value too; the exporter leaves it out
"""
import argparse
import collections
import ipaddress
import json
import sys

COLUMNS = {
    "user": lambda e: [e.get("user", {}).get("username")],
    "groups": lambda e: e.get("user", {}).get("groups") or [],
    "verb": lambda e: [e.get("verb")],
    "request_uri": lambda e: [e.get("requestURI")],
    "user_agent": lambda e: [e.get("userAgent")],
    "response_code": lambda e: [e.get("responseStatus", {}).get("code")],
    "response_message": lambda e: [e.get("responseStatus", {}).get("message")],
    "response_reason": lambda e: [e.get("responseStatus", {}).get("reason")],
    "response_status": lambda e: [e.get("responseStatus", {}).get("status")],
    "resource": lambda e: [resource(e.get("objectRef"))],
}


def resource(reference):
    if not reference or not reference.get("resource"):
        return None
    group, subresource = reference.get("apiGroup"), reference.get("subresource")
    return reference["resource"] + (f".{group}" if group else "") + (f"/{subresource}" if subresource else "")


def shortened(value):
    """The exporter's evidence has at most 256 bytes of a text: of a longer one the beginning, and its FNV-1a hash."""
    if not isinstance(value, str) or len(value.encode()) <= 256:
        return value
    digest = 0xCBF29CE484222325
    for byte in value.encode():
        digest = (digest ^ byte) * 0x100000001B3 % 2**64
    return value.encode()[:237].decode(errors="ignore") + f"…{digest:016x}"


def canonical(text):
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "invalid"
    return str(getattr(address, "ipv4_mapped", None) or address)


def sources(event):
    """The last address is that of the connection, the others are what the client wrote into headers."""
    addresses = [canonical(text) for text in event.get("sourceIPs") or []] or ["invalid"]
    verified = addresses[-1]
    return [(verified, "verified")] + [(a, "claimed") for a in dict.fromkeys(addresses[:-1]) if a != verified]


def identity(event):
    return (
        event["auditID"], event["requestReceivedTimestamp"], tuple(event.get("sourceIPs") or []), event["verb"],
        event["requestURI"], event.get("userAgent") or "")


def place(address, places):
    for network, country, city in places:
        if address != "invalid" and ipaddress.ip_address(address) in network:
            return country, city
    return "", ""


def row(source, events, places):
    stages = collections.defaultdict(set)
    for event in events:
        stages[identity(event), event["stage"]].add(event["stageTimestamp"])
    requests = collections.Counter()
    for (request, _), times in stages.items():
        requests[request] = max(requests[request], len(times))
    country, city = place(source[0], places)
    times = sorted(event["requestReceivedTimestamp"] for event in events)
    values = {
        name: sorted({shortened(value) for event in events for value in get(event) if value not in (None, "")}, key=str)
        for name, get in COLUMNS.items()}
    empty = [name for name, get in COLUMNS.items() if any(value == "" for event in events for value in get(event))]
    return {
        "src_ip": source[0], "origin": source[1], "country": country, "city": city, "events": len(events),
        "requests": sum(requests.values()), "dropped": not country or not city, "empty": empty,
        "first_seen": times[0], "last_seen": times[-1]} | values


def table(logs, places):
    found = collections.defaultdict(list)
    for log in logs:
        for line in open(log, encoding="utf-8"):
            event = json.loads(line)
            groups = event.get("user", {}).get("groups") or []
            if "system:unauthenticated" in groups and event.get("responseStatus", {}).get("code") == 403:
                for source in sources(event):
                    found[source].append(event)
    return [row(source, events, places) for source, events in sorted(found.items())]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--place", action="append", default=[])
    parser.add_argument("--lines", action="store_true")
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    if arguments.lines:
        for body in arguments.files:
            for event in json.load(open(body, encoding="utf-8"))["items"]:
                print(json.dumps(event))
        return
    places = []
    for text in arguments.place:
        network, names = text.split("=", 1)
        country, city = names.split("/")
        places.append((ipaddress.ip_network(network), country, city))
    json.dump(table(arguments.files, places), sys.stdout)


main()
