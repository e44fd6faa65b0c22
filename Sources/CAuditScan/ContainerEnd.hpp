#ifndef CONTAINER_END_HPP
#define CONTAINER_END_HPP

#include <cstddef>
#include <cstdint>

#include "JSONText.hpp"

namespace audit_scan {

/// What is known at a place: how many brackets are open there, whether it is in a string, and whether a backslash before
/// it makes it a part of the string.
struct Place {
    size_t depth = 0;
    /// The depth at which the search ends.
    size_t floor = 0;
    bool isInString = false, isEscaped = false;
};

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

/// Goes on behind a place. If there is no end, `place` becomes the end of the text.
const uint8_t *endOfContainer(Text text, Place &place, size_t width = 32);

}  // namespace audit_scan

#endif
