#!/usr/bin/env python3
"""The analytic's table of audit logs, as an independent second opinion on `scan` and the API.

    python3 Tests/Parity/analytic.py [--outcome OUTCOME] [--place NETWORK=COUNTRY/CITY ...] LOG ... > table.json
    python3 Tests/Parity/analytic.py --lines EVENTLIST ... > audit.log

It uses nothing of the exporter and nothing but Python's standard library. A log has an event per line. --lines prints the
events of webhook bodies as such a log. Without --outcome the requests are those of the analytic, which were forbidden; the
exporter counts unauthorized and allowed ones too. A row has the columns of the analytic, and:

    events     the analytic's count: each event for each of its addresses
    requests   the exporter's count, by the rule in its README: an event for each stage that a request was logged in, and
               an event that was read twice, are one request
    dropped    whether the analytic leaves the row out, since country or city is unknown
    outcome    the outcomes of the requests, and outcomes the requests of each
    paths      the number of distinct paths, without the query
    empty      columns of which the analytic lists an empty value too; the exporter leaves it out
"""
import argparse
import collections
import ipaddress
import json
import sys
import urllib.parse

OUTCOMES = ["forbidden", "unauthorized", "allowed"]
COLUMNS = {
    "outcome": lambda e: [outcome(e)],
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


def outcome(event):
    """What became of the request of an event; None if it does not count."""
    user, code = event.get("user") or {}, (event.get("responseStatus") or {}).get("code", 0)
    if code == 401 and not user.get("username"):
        return "unauthorized"
    if "system:unauthenticated" not in (user.get("groups") or []):
        return None
    if code == 403:
        return "forbidden"
    return "allowed" if 100 <= code <= 399 and not is_open(event) else None


def path(event):
    return event["requestURI"].split("?")[0]


def is_open(event):
    """Whether Kubernetes opens the path to everyone."""
    name = urllib.parse.unquote(path(event))
    if name == "/api/v1/namespaces/kube-public/configmaps/cluster-info":
        return event["verb"] == "get"
    if name in ["/version", "/version/", "/openid/v1/jwks"] or name in [
            "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]:
        return True
    first, *others = name.lstrip("/").split("/")
    return name.startswith("/") and first in ["healthz", "livez", "readyz"] and not {".", ".."} & set(others)


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


def requests(events):
    stages = collections.defaultdict(set)
    for event in events:
        stages[identity(event), event["stage"]].add(event["stageTimestamp"])
    most = collections.Counter()
    for (request, _), times in stages.items():
        most[request] = max(most[request], len(times))
    return sum(most.values())


def row(source, events, places):
    counts = {name: requests([event for event in events if outcome(event) == name]) for name in OUTCOMES}
    country, city = place(source[0], places)
    times = sorted(event["requestReceivedTimestamp"] for event in events)
    values = {
        name: sorted({shortened(value) for event in events for value in get(event) if value not in (None, "")}, key=str)
        for name, get in COLUMNS.items()}
    empty = [name for name, get in COLUMNS.items() if any(value == "" for event in events for value in get(event))]
    return {
        "src_ip": source[0], "origin": source[1], "country": country, "city": city, "events": len(events),
        "requests": requests(events), "outcomes": counts, "paths": len({path(event) for event in events}),
        "dropped": not country or not city, "empty": empty,
        "first_seen": times[0], "last_seen": times[-1]} | values


def table(logs, places, wanted):
    found = collections.defaultdict(list)
    for log in logs:
        for line in open(log, encoding="utf-8"):
            event = json.loads(line)
            if outcome(event) in wanted:
                for source in sources(event):
                    found[source].append(event)
    return [row(source, events, places) for source, events in sorted(found.items())]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outcome", choices=OUTCOMES + ["all"], default="forbidden")
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
    wanted = OUTCOMES if arguments.outcome == "all" else [arguments.outcome]
    json.dump(table(arguments.files, places, wanted), sys.stdout)


main()
