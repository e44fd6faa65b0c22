#!/usr/bin/env python3
"""Generates locations.mmdb, the small MaxMind DB of the tests.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install mmdb-writer==0.2.7
    /tmp/venv/bin/python Tests/Fixtures/locations/make-database.py

All networks are reserved for documentation (RFC 5737, RFC 3849), except 127.0.0.0/8, the clients of the recorded logs.
"""
import pathlib

from mmdb_writer import MMDBWriter
from netaddr import IPSet

PLACES = {
    "192.0.2.0/24": ({"en": "Germany", "de": "Deutschland"}, {"en": "Berlin", "de": "Berlin"}),
    "198.51.100.0/24": ({"en": "Japan", "ja": "日本"}, None),  # a country without a city
    "203.0.113.0/24": ({"en": "Côte d'Ivoire"}, {"en": "Abidjan"}),
    "127.0.0.0/29": ({"en": "United States"}, {"en": "St. Louis"}),
    "2001:db8::/33": ({"en": "Brazil", "pt-BR": "Brasil"}, {"en": "São Paulo"}),
    "2001:db8:8000::/33": ({"de": "Frankreich"}, {"de": "Paris"}),  # no English names
}

writer = MMDBWriter(
    ip_version=6, ipv4_compatible=True, database_type="Test-City", languages=["de", "en", "ja", "pt-BR"],
    description="Made-up locations for tests")
for network, (country, city) in PLACES.items():
    record = {"country": {"names": country}}
    if city:
        record["city"] = {"names": city}
    writer.insert_network(IPSet([network]), record)
writer.to_db_file(str(pathlib.Path(__file__).with_name("locations.mmdb")))
