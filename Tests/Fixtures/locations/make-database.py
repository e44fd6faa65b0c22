#!/usr/bin/env python3
"""Generates the small MaxMind DBs of the tests: locations.mmdb, and others that hold no cities.

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



def record(country, city):
    return {"country": {"names": country}} | ({"city": {"names": city}} if city else {})


def write(name, database_type, languages, records):
    writer = MMDBWriter(
        ip_version=6, ipv4_compatible=True, database_type=database_type, languages=languages,
        description="Made-up locations for tests")
    for network, content in records.items():
        writer.insert_network(IPSet([network]), content)
    writer.to_db_file(str(pathlib.Path(__file__).with_name(name)))


write(
    "locations.mmdb", "Test-City", ["de", "en", "ja", "pt-BR"],
    {network: record(country, city) for network, (country, city) in PLACES.items()})
# Countries without cities, as GeoLite2-Country.
write("countries.mmdb", "Test-Country", ["en"], {"192.0.2.0/24": record({"en": "Germany"}, None)})
# Fields as GeoLite2-ASN has them.
write(
    "networks.mmdb", "Test-ASN", ["en"],
    {"192.0.2.0/24": {"autonomous_system_number": 64500, "autonomous_system_organization": "Example"}})
# Names as plain text, as IPinfo's databases have them.
write(
    "plain-text.mmdb", "test generic_lite.mmdb", ["en"],
    {"192.0.2.0/24": {"country": "Germany", "country_code": "DE", "asn": "AS64500"}})
# No English names.
write("german.mmdb", "Test-City", ["de"], {"192.0.2.0/24": record({"de": "Deutschland"}, {"de": "Berlin"})})
