#ifndef CONTAINER_END_HPP
#define CONTAINER_END_HPP

#include <cstddef>
#include <cstdint>

#include "JSONText.hpp"

namespace audit_scan {

/// Finds the end of an object or array by its brackets and quotes only: its content may be invalid.
///
/// Any closing bracket closes any opening one. Brackets in strings do not count, and a backslash in a string makes the
/// byte behind it a part of the string.
///
/// - `text`: begins with the opening bracket.
/// - `width`: for tests: compares blocks of 16 or 32 bytes, or single bytes if it is 0. A width that the processor does
///   not have is replaced by 16.
///
/// Returns the place behind the closing bracket; NULL if there is none.
const uint8_t *endOfContainer(Text text, size_t width = 32);

}  // namespace audit_scan

#endif
