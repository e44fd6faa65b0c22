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
    /// Without white space at both ends.
    Text trimmed() const;
};

/// Whether a JSON string, with its quotes, spells a word of ASCII letters, which it may do with escapes.
bool spells(Text string, std::string_view word);

/// Finds the ends of JSON values in a text without building anything from them.
///
/// An API server copies what a client sent into its events as it came, since Go keeps the bytes of a json.RawMessage.
/// Such bytes need not be UTF-8, a \u escape can be half of a surrogate pair, and a number can have any length. Parsers
/// that build values refuse such a text; here its structure counts, as for Go's decoder.
class JSONReader {
public:
    /// The nesting that Go's decoder accepts.
    static constexpr size_t maximumDepth = 10000;

    explicit JSONReader(Text text) : at(text.from), end(text.to) {}

    /// The next byte to be read.
    const uint8_t *at;
    const uint8_t *end;
    /// The number of values that checkValue has passed.
    size_t values = 0;

    void skipSpace();
    /// Passes one byte, if it is the next one.
    bool skip(uint8_t byte);
    /// Passes a string that is valid but for UTF-8 and surrogates. `at` stays at the fault if there is one.
    bool checkString(Text &string);
    /// Passes a value with the whole grammar checked, the bytes of strings excepted. `at` stays at the fault.
    bool checkValue(Text &value);
    /// Passes a value by its brackets and quotes alone: a broken value ends where it seems to, and costs only itself.
    bool skipValue(Text &value);

private:
    bool checkScalar();
    bool checkNumber();
    bool skipQuoted();
};

/// Goes over the members of an object, whose values are checked.
///
/// ```cpp
/// Members members(text);
/// while (members.next()) use(members.key, members.value);
/// if (!members.isComplete()) complain(members.reader.at);
/// ```
class Members {
public:
    explicit Members(Text object) : reader(object) {}

    /// Finds the next member. False at the end, and where the text is malformed.
    bool next();
    /// Whether the object ended as it should, with nothing behind it.
    bool isComplete() const { return state_ == State::ended; }

    JSONReader reader;
    Text key;    // with its quotes
    Text value;

private:
    enum class State { begin, inside, ended, failed };

    bool fail();
    State state_ = State::begin;
};

/// Rewrites valid JSON text to what Go's decoder understands of it, in words that every parser takes: bytes that are
/// not UTF-8, and halves of surrogate pairs, become U+FFFD, and numbers beyond a parser's range become 0.
void rewriteAsUnderstoodByGo(std::string_view text, std::string &into);

}  // namespace audit_scan

#endif
