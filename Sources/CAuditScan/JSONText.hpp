#ifndef JSON_TEXT_HPP
#define JSON_TEXT_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace audit_scan {

/// A piece of JSON text.
struct Text {
    const uint8_t *from = nullptr;
    const uint8_t *to = nullptr;

    size_t size() const { return static_cast<size_t>(to - from); }
    bool isEmpty() const { return from == to; }
    std::string_view view() const { return {reinterpret_cast<const char *>(from), size()}; }
    /// The text without white space at both ends.
    Text trimmed() const;
};

/// Bytes as a text.
inline Text textOf(std::string_view bytes) {
    const uint8_t *from = reinterpret_cast<const uint8_t *>(bytes.data());
    return {from, from + bytes.size()};
}

/// Whether a JSON string, given with its quotes, is equal to a word of ASCII once its escapes are resolved.
bool spells(Text string, std::string_view word);

/// Whether a JSON string, given with its quotes, begins with a word of ASCII once its escapes are resolved.
bool beginsWith(Text string, std::string_view word);

/// The same anywhere in it.
bool contains(Text string, std::string_view word);

/// Whether a text is the beginning of a JSON value and ends before it: its grammar has no fault, but no end either.
bool isCutOff(Text text);

/// Finds the ends of JSON values in a text without building anything from them.
///
/// An API server copies a client's objects into its events unchanged, because Go keeps the bytes of a json.RawMessage.
/// Such bytes need not be UTF-8, a \u escape can be half of a surrogate pair, and a number can have any length. Parsers
/// that build values reject such a text; here only its structure is checked, as in Go's decoder.
class JSONReader {
public:
    /// The nesting that Go's decoder accepts.
    static constexpr size_t maximumDepth = 10000;

    explicit JSONReader(Text text) : at(text.from), end(text.to) {}

    /// The next byte to be read.
    const uint8_t *at;
    const uint8_t *end;
    /// The number of values that checkValue has skipped.
    size_t values = 0;

    void skipSpace();
    /// Skips a byte, if it is the next one.
    bool skip(uint8_t byte);
    /// Skips a string that is valid except for UTF-8 and surrogates. If it is not, `at` is at the fault.
    bool checkString(Text &string);
    /// Skips a value and checks its whole grammar, except the bytes of strings. On an error, `at` is at the fault.
    bool checkValue(Text &value);
    /// Skips a value by its brackets and quotes only, so that an invalid value does not affect the next one.
    bool skipValue(Text &value);

private:
    bool checkScalar();
    bool checkNumber();
    bool skipQuoted();
};

/// Iterates over the members of an object, and checks their values.
///
/// ```cpp
/// Members members(text);
/// while (members.next()) use(members.key, members.value);
/// if (!members.isComplete()) complain(members.reader.at);
/// ```
class Members {
public:
    /// - Parameter isValid: Whether the text is known to be valid JSON. Then its values are skipped, which is faster.
    explicit Members(Text object, bool isValid = false) : reader(object), isValid_(isValid) {}

    /// Finds the next member. False at the end, and if the text is malformed.
    bool next();
    /// Whether the object ended properly, with nothing after it.
    bool isComplete() const { return state_ == State::ended; }

    JSONReader reader;
    Text key;    // with its quotes
    Text value;

private:
    enum class State { begin, inside, ended, failed };

    bool fail();
    State state_ = State::begin;
    bool isValid_;
};

/// Resolves the escapes of a valid JSON string, given with its quotes. Half of a surrogate pair becomes three bytes that
/// are not UTF-8.
void resolveEscapes(Text string, std::string &into);

/// Rewrites valid JSON text so that a strict parser reads what Go's decoder reads: bytes that are not UTF-8, and halves of
/// surrogate pairs, become U+FFFD, and numbers out of range become 0.
void rewriteAsUnderstoodByGo(std::string_view text, std::string &into);

}  // namespace audit_scan

#endif
