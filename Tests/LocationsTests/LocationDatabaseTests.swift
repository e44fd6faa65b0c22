import AccessScanning
import ConfigurationFiles
import Foundation
import Locations
import Testing
import TestSupport

@Suite("A database of locations")
struct LocationDatabaseTests {
    private let fixture = Fixture.url("locations/locations.mmdb").path

    @Test(
        "returns country and city by their English names, empty if unknown",
        arguments: [
            ("192.0.2.77", "Germany", "Berlin"), ("198.51.100.7", "Japan", ""),
            ("203.0.113.9", "Côte d'Ivoire", "Abidjan"),
            ("2001:db8::1", "Brazil", "São Paulo"), ("2001:db8:8000::1", "", ""), ("10.0.0.1", "", ""), ("::1", "", ""),
            ("127.0.0.6", "United States", "St. Louis"), ("127.0.0.8", "", ""),
        ])
    func lookups(address: String, country: String, city: String) throws {
        let database = try LocationDatabase(path: fixture)
        #expect(database.location(of: try #require(IPAddress(address))) == Location(country: country, city: city))
    }

    @Test("that is unusable causes an error with the file's name")
    func unusable() throws {
        try withTemporaryDirectory { directory in
            let broken = directory.appending(path: "broken.mmdb").path
            for (content, reason) in [(Data("nonsense".utf8), "not a usable MaxMind DB"), (Data(), "MaxMind DB")] {
                try content.write(to: URL(filePath: broken))
                let error = #expect(throws: ConfigurationFileError.self) { try LocationDatabase(path: broken) }
                #expect(error?.file == broken)
                #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
            }
            let missing = #expect(throws: ConfigurationFileError.self) {
                try LocationDatabase(path: directory.appending(path: "missing").path)
            }
            #expect(missing?.reason == "no such file or directory")
            let folder = #expect(throws: ConfigurationFileError.self) { try LocationDatabase(path: directory.path) }
            #expect(folder?.reason == "not a file")
        }
    }

    @Test(
        "without names of countries and cities is refused with its type and its fields",
        arguments: [
            ("networks", "Test-ASN", "autonomous_system_number, autonomous_system_organization"),
            ("plain-text", "test generic_lite.mmdb", "asn, country, country_code"),
            ("german", "Test-City", "city, country"),
        ])
    func withoutPlaces(name: String, type: String, fields: String) throws {
        let file = Fixture.url("locations/\(name).mmdb").path
        let error = #expect(throws: ConfigurationFileError.self) { try LocationDatabase(path: file) }
        #expect(
            error?.description
                == "\(file): a database of type \"\(type)\" without the fields country.names.en and city.names.en; its "
                + "entries have \(fields); give a database of cities or countries in MaxMind's form, such as GeoLite2-City"
        )
    }

    @Test("describes its type, its languages and whether it has cities")
    func description() throws {
        let cities = try LocationDatabase(path: fixture).description
        #expect(cities.type == "Test-City")
        #expect(cities.languages == ["de", "en", "ja", "pt-BR"])
        #expect(cities.built > 1_700_000_000)
        #expect(cities.hasCities)
        let countries = try LocationDatabase(path: Fixture.url("locations/countries.mmdb").path)
        #expect(countries.description.type == "Test-Country")
        #expect(!countries.description.hasCities)
        let address = try #require(IPAddress("192.0.2.1"))
        #expect(countries.location(of: address) == Location(country: "Germany", city: ""))
    }

    @Test("that is truncated anywhere causes an error or answers, but never stops the process")
    func cutOff() throws {
        let whole = try Data(contentsOf: URL(filePath: fixture))
        let address = try #require(IPAddress("203.0.113.9"))
        try withTemporaryDirectory { directory in
            let path = directory.appending(path: "cut.mmdb").path
            for length in stride(from: 0, to: whole.count, by: 37) {
                // The metadata, which every opening needs, is at the end.
                try (whole.prefix(length) + whole.suffix(400)).write(to: URL(filePath: path))
                if let database = try? LocationDatabase(path: path) { _ = database.location(of: address) }
            }
        }
    }
}
