#ifndef DECODING_HPP
#define DECODING_HPP

#include <string>

#include "JSONText.hpp"

namespace audit_scan {

/// The most bytes that a compressed text may hold.
constexpr size_t longestInflated = 64 << 20;
/// The most bytes that the compressed texts of a record may hold together.
constexpr size_t mostInflated = 128 << 20;

// Each replaces `into`, and returns NULL or the reason why the value cannot be decoded.

/// A JSON string of base64 with its padding.
const char *decodeBase64(Text string, std::string &into);
/// gzip members behind each other.
///
/// - Parameter budget: The bytes that the record may still hold.
const char *inflate(const std::string &bytes, std::string &into, size_t &budget);
/// An array of the numbers of bytes.
const char *decodeBytes(Text array, std::string &into);
/// OTLP's list of attributes, `[{"key":K,"value":V},…]`, as a JSON object. It is valid JSON.
const char *decodeAttributes(Text array, std::string &into);
/// OTLP's AnyValue, which is valid JSON, as JSON.
const char *decodeAnyValue(Text value, std::string &into);

}  // namespace audit_scan

#endif
