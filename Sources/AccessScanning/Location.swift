/// Where an address is, by English names; empty where that is not known.
public struct Location: Sendable, Hashable {
    /// The country's name, such as `Germany`.
    public var country: String
    /// The city's name, such as `Berlin`.
    public var city: String

    /// Nowhere that is known.
    public static let unknown = Location(country: "", city: "")

    /// A place.
    public init(country: String, city: String) {
        self.country = country
        self.city = city
    }
}
