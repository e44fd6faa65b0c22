/// What no exporter keeps: damage that SQLite does not see, or what is refused before it becomes that.
struct ImpossibleContent: Error, CustomStringConvertible {
    let description: String
}
