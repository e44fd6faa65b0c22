#ifndef ORIGIN_HPP
#define ORIGIN_HPP

#include <string>

#include "Lookup.hpp"

namespace audit_scan {

/// Whether a record may be the API server's, from the best to the worst.
enum class Origin : uint8_t {
    audit,
    /// Of a line that a container runtime has cut: a piece, or the joined pieces with the mark of the first one.
    tagged,
    /// A part of a line.
    piece,
    foreign,
    /// A key is there twice: one of the two may be a client's.
    twice,
};

/// The longest piece of a line: containerd and Docker cut at 16 KiB, CRI-O at 8 KiB.
constexpr size_t longestPiece = 16 << 10;

/// The worse of two; the first one of a foreign record and a key that is there twice.
Origin worse(Origin first, Origin second);

/// Whether a key may name the writer of its record, or mark a piece. API servers write none of these keys.
bool mayNameWriter(std::string_view key);
bool mayNameWriter(Text key);

/// Whether the path of a file, or a tag that was made of it, is of a container's log other than the API server's.
bool namesOtherLog(std::string_view path);

/// Reads the container, the stream and the file that an object of an envelope names, and whether it holds a piece.
///
/// Any pod can write a perfect event. So a record that says which container wrote it is read only if it names the API
/// server's, and not its standard error. A record that says nothing of it is read.
///
/// A line that was cut into pieces is cut at a fixed length, so that a client can place an event of its own, within its
/// objects, where a piece begins and ends.
Origin namedOrigin(const ObjectIndex &record, Naming naming, std::string &buffer);

/// The same of Loki's structured metadata, which is behind the text of an entry.
Origin originOfMetadata(Text object);

/// The same of an event of `size` bytes: shippers lift the keys of a pod's JSON text, or of a piece, into their records,
/// next to those that name the pod.
Origin originOfEvent(const ObjectIndex &event, size_t size);

}  // namespace audit_scan

#endif
