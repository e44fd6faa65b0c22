#include "Decoding.hpp"

#include <zlib.h>

#include <algorithm>
#include <vector>

#include "Lookup.hpp"

namespace audit_scan {

// MARK: base64

namespace {

int base64Digit(uint8_t byte) {
    if (byte >= 'A' && byte <= 'Z') return byte - 'A';
    if (byte >= 'a' && byte <= 'z') return byte - 'a' + 26;
    if (byte >= '0' && byte <= '9') return byte - '0' + 52;
    return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

}  // namespace

const char *decodeBase64(Text string, std::string &into) {
    static constexpr const char *fault = "not base64";
    resolveEscapes(string, into);
    // In place: three bytes are written for four that were read.
    size_t size = into.size(), written = 0;
    if (size % 4 != 0) return fault;
    size_t padding = size == 0 ? 0 : into[size - 1] != '=' ? 0 : into[size - 2] != '=' ? 1 : 2;
    uint32_t bits = 0;
    for (size_t index = 0; index < size; index++) {
        bool isPadding = index >= size - padding;
        int digit = isPadding ? 0 : base64Digit(static_cast<uint8_t>(into[index]));
        if (digit < 0) return fault;
        bits = bits << 6 | static_cast<uint32_t>(digit);
        if (index % 4 != 3) continue;
        for (int shift : {16, 8, 0}) into[written++] = static_cast<char>(bits >> shift);
        bits = 0;
    }
    into.resize(written - padding);
    return nullptr;
}

// MARK: gzip

namespace {

/// A zlib stream that is freed in any case.
struct Inflater {
    z_stream stream = {};
    bool isReady;

    Inflater() : isReady(inflateInit2(&stream, 15 + 16) == Z_OK) {}
    ~Inflater() {
        if (isReady) inflateEnd(&stream);
    }
    Inflater(const Inflater &) = delete;
    Inflater &operator=(const Inflater &) = delete;
};

}  // namespace

const char *inflate(const std::string &bytes, std::string &into, size_t &budget) {
    Inflater inflater;
    if (!inflater.isReady) return "not enough memory to read it";
    into.clear();
    z_stream &stream = inflater.stream;
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    char piece[16 << 10];
    bool hasEnded = bytes.empty();
    while (true) {
        if (hasEnded && stream.avail_in == 0) return bytes.empty() ? "gzip: empty" : nullptr;
        if (hasEnded) inflateReset(&stream);
        stream.next_out = reinterpret_cast<Bytef *>(piece);
        stream.avail_out = sizeof piece;
        int code = ::inflate(&stream, Z_NO_FLUSH);
        if (code != Z_OK && code != Z_STREAM_END) return code == Z_BUF_ERROR ? "gzip: cut off" : "gzip: damaged";
        size_t got = sizeof piece - stream.avail_out;
        if (into.size() + got > longestInflated) return "gzip: more than 64 MiB";
        if (got > budget) return "gzip: more than 128 MiB in a record";
        budget -= got;
        // Growing would store the text twice, and reserved memory that is not written costs nothing.
        if (into.size() > (1 << 20) && into.capacity() < longestInflated) into.reserve(longestInflated);
        into.append(piece, got);
        hasEnded = code == Z_STREAM_END;
    }
}

// MARK: Bytes

const char *decodeBytes(Text array, std::string &into) {
    static constexpr const char *fault = "an array that is not bytes";
    into.clear();
    Entries entries;
    entries.begin(array);
    for (Text entry; entries.next(entry);) {
        int byte = 0;
        if (entry.size() > 3) return fault;
        for (const uint8_t *at = entry.from; at < entry.to; at++) {
            if (*at < '0' || *at > '9') return fault;
            byte = byte * 10 + *at - '0';
        }
        if (byte > 255) return fault;
        into.push_back(static_cast<char>(byte));
    }
    return entries.hasFailed() ? fault : nullptr;
}

// MARK: OTLP

namespace {

/// Writes AnyValues as JSON. A value is copied as it is spelled, so that nothing of it is lost.
class AnyValueWriter {
public:
    explicit AnyValueWriter(std::string &into) : into_(into) {}

    bool write(Text value, size_t depth) {
        if (depth == deepest) return false;
        Members members(value, true);
        if (!members.next()) {
            into_ += "null";
            return members.isComplete();
        }
        Text key = members.key, inner = members.value;
        // A second kind is a fault.
        if (members.next() || !members.isComplete()) return false;
        if (spells(key, "stringValue")) return copy(inner, *inner.from == '"');
        if (spells(key, "boolValue")) return copy(inner, *inner.from == 't' || *inner.from == 'f');
        if (spells(key, "doubleValue")) return copy(inner, isNumber(inner));
        if (spells(key, "intValue")) return writeInteger(inner);
        if (spells(key, "arrayValue")) return writeArray(inner, depth);
        if (spells(key, "kvlistValue")) return writeList(inner, depth);
        if (!spells(key, "bytesValue")) return false;
        into_ += "null";
        return true;
    }

    bool writeMembers(Text array, size_t depth) {
        if (*array.from != '[') return false;
        std::vector<std::string> keys;
        std::string name;
        Entries entries;
        entries.begin(array);
        into_ += '{';
        for (Text entry; entries.next(entry);) {
            if (*entry.from != '{') return false;
            Found key, value;
            Members members(entry, true);
            while (members.next()) {
                if (spells(members.key, "key")) note(key, members.value);
                else if (spells(members.key, "value")) note(value, members.value);
            }
            if (!key.isText() || key.isTwice || value.isTwice) return false;
            if (!keys.empty()) into_ += ',';
            resolveEscapes(key.value, name);
            if (keys.size() == mostKeys) return false;
            keys.push_back(name);
            into_.append(key.value.view());
            into_ += ':';
            if (!value.isThere || value.value.view() == "null") into_ += "null";
            else if (!value.isObject() || !write(value.value, depth + 1)) return false;
        }
        into_ += '}';
        std::sort(keys.begin(), keys.end());
        // A client may have written one of two keys.
        bool isTwice = std::adjacent_find(keys.begin(), keys.end()) != keys.end();
        return !entries.hasFailed() && !isTwice;
    }

private:
    static constexpr size_t deepest = 64, mostKeys = 4096;

    static bool isNumber(Text value) { return *value.from == '-' || (*value.from >= '0' && *value.from <= '9'); }

    bool copy(Text value, bool isRight) {
        if (isRight) into_.append(value.view());
        return isRight;
    }

    /// A number, or a string of one.
    bool writeInteger(Text value) {
        if (isNumber(value)) return copy(value, true);
        if (*value.from != '"') return false;
        Text digits{value.from + 1, value.to - 1}, number;
        JSONReader reader(digits);
        bool isInteger = !digits.isEmpty() && digits.size() <= 20 && isNumber(digits)
            && digits.view().find_first_of(".eE") == std::string_view::npos && reader.checkValue(number);
        return copy(digits, isInteger && reader.at == reader.end);
    }

    static Found values(Text holder) { return *holder.from == '{' ? look(holder, "values") : Found{holder, false, true}; }

    bool writeArray(Text holder, size_t depth) {
        Found found = values(holder);
        if (found.isTwice || (found.isThere && !found.isArray() && found.value.view() != "null")) return false;
        into_ += '[';
        Entries entries;
        if (found.isArray()) entries.begin(found.value);
        bool isFirst = true;
        for (Text entry; entries.next(entry); isFirst = false) {
            if (!isFirst) into_ += ',';
            if (*entry.from != '{' || !write(entry, depth + 1)) return false;
        }
        into_ += ']';
        return !entries.hasFailed();
    }

    bool writeList(Text holder, size_t depth) {
        Found found = values(holder);
        if (found.isTwice) return false;
        if (found.isArray()) return writeMembers(found.value, depth);
        into_ += "{}";
        return !found.isThere || found.value.view() == "null";
    }

    std::string &into_;
};

}  // namespace

const char *decodeAttributes(Text array, std::string &into) {
    into.clear();
    return AnyValueWriter(into).writeMembers(array, 0) ? nullptr : "not a list of keys and values";
}

const char *decodeAnyValue(Text value, std::string &into) {
    into.clear();
    return AnyValueWriter(into).write(value, 0) ? nullptr : "not an AnyValue";
}

}  // namespace audit_scan
