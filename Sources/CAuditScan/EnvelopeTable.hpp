#ifndef ENVELOPE_TABLE_HPP
#define ENVELOPE_TABLE_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "CAuditScan.h"
#include "Prefix.hpp"

namespace audit_scan {

/// A constant list.
template <class Element>
struct List {
    const Element *first = nullptr;
    size_t count = 0;

    constexpr List() = default;
    template <size_t size>
    constexpr List(const Element (&elements)[size]) : first(elements), count(size) {}

    constexpr const Element *begin() const { return first; }
    constexpr const Element *end() const { return first + count; }
    constexpr bool isEmpty() const { return count == 0; }
};

enum class Type : uint8_t { text, object, array, any, never };

/// A member that an object must have: its key, or the keys on the way to it with dots between them.
struct Is {
    std::string_view path;
    Type type = Type::text;
    /// A text must be one of these, if there are any.
    std::string_view values[2] = {};
    std::string_view begins = {}, contains = {};
};

/// How the text of an event is embedded in a value.
enum class Step : uint8_t {
    text,          // a JSON string
    textOrObject,  // a JSON string, or the event itself
    base64,
    base64Gzip,
    bytes,      // a JSON string, or the numbers of its bytes
    keyValues,  // OTLP's AnyValue: a text, or a list of keys and values
};

/// Records that are no audit events but say the same.
enum class Schema : uint8_t { none, gke, aksTable };

/// What a record names as its origin.
enum class Naming : uint8_t { record, elasticsearch, loki, otlp, splunk };

/// An object, or a line, that holds audit events. Adding a form is adding a row and a sample.
///
/// Sources: Tests/Fixtures/envelopes/README.md.
struct Row {
    std::string_view name;
    audit_format format = AUDIT_FORMAT_AUTO;
    /// The members that make a record this envelope.
    List<Is> keys = {};
    /// The keys on the way to its items; with [] for each entry of an array. Without any, the record is the one item.
    List<std::string_view> items = {};
    /// The members that an item must have; without them it is malformed.
    List<Is> itemKeys = {};
    /// The members of the record, and of an item, that name the API server's audit. Without them it is foreign.
    List<Is> recordAudit = {}, audit = {};
    /// The paths to the event in an item; the first that is there counts.
    List<std::string_view> event = {};
    Step step = Step::text;
    /// What may be embedded besides an event.
    const Row *inner = nullptr;
    Schema schema = Schema::none;
    Naming naming = Naming::record;
    /// The keys besides which there are no others, if there are any.
    List<std::string_view> only = {};
    /// The keys besides which no others come before the items of a record that is read in parts, if there are any.
    List<std::string_view> first = {};
    /// Whether it is recognised without a flag.
    bool isAuto = false;
    /// Whether any program may write such records, so that they look like nothing.
    bool isGeneral = false;
    /// Whether a text that is no audit event is another program's, not a fault.
    bool othersAreForeign = false;
    /// Whether texts are joined up to one that ends in a line feed.
    bool joins = false;
    /// For lines: finds the text behind the prefix, and whether it is an array of a time and a record.
    PrefixMatch (*prefix)(std::string_view line) = nullptr;
    bool holdsArray = false;
    /// For prefixes: what the name of the stream begins with; any if empty.
    std::string_view stream = {};
};

/// All rows: of objects, and of lines with a prefix.
extern const List<Row> objectRows;
extern const List<Row> prefixRows;
/// An EventList.
extern const Row eventListRow;

}  // namespace audit_scan

#endif
