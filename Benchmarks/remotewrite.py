"""Past samples for a Prometheus, by its remote write interface: https://prometheus.io/docs/specs/remote_write_spec/.

Prometheus takes samples that are at most an hour older than its newest one, so all series are written hour by hour.
The messages are built by hand, because a protobuf library takes minutes for the 30 million samples of a benchmark: the
samples of a series differ from those of another one only in their values.
"""

import struct

REQUEST = 4 << 20
# A sample: its tag and length, the tag of the value and the value, the tag of the time and the time (6 bytes until 2109).
SIZE, VALUE, TIME = 18, 3, 12


def varint(number):
    text = bytearray()
    while number > 127:
        text.append(number & 127 | 128)
        number >>= 7
    text.append(number)
    return bytes(text)


def field(number, text):
    return bytes([number << 3 | 2]) + varint(len(text)) + text


def labels(values):
    pairs = (field(1, name.encode()) + field(2, text.encode()) for name, text in sorted(values.items()) if text)
    return b"".join(field(1, pair) for pair in pairs)


def snappy(text):
    """The format of Snappy, without compression."""
    blocks = [varint(len(text))]
    for begin in range(0, len(text), 1 << 16):
        block = text[begin : begin + (1 << 16)]
        blocks += [bytes([61 << 2]), struct.pack("<H", len(block) - 1), block]
    return b"".join(blocks)


def template(times):
    """Samples without values, at times in milliseconds."""
    samples = bytearray()
    for time in times:
        moment = varint(time)
        if len(moment) != 6:
            raise ValueError(f"{time} is not a time of today in milliseconds")
        samples += bytes([2 << 3 | 2, SIZE - 2, 1 << 3 | 1]) + bytes(8) + bytes([2 << 3]) + moment
    return samples


def fill(samples, begin, end, value):
    """Sets the value of the samples from one to another."""
    for index, byte in enumerate(struct.pack("<d", value), VALUE):
        samples[begin * SIZE + index : end * SIZE : SIZE] = bytes([byte]) * (end - begin)


def messages(series, times, before_each):
    """Bodies of requests. A series: its labels, and values with the index of their first sample, in order."""
    hour = 240
    for begin in range(0, len(times), hour):
        empty = template(times[begin : begin + hour])
        count, size, parts = len(times[begin : begin + hour]), 0, []
        for name, values in series:
            samples = bytearray(empty)
            for number, (first, value) in enumerate(values):
                last = values[number + 1][0] if number + 1 < len(values) else len(times)
                first, last = max(first - begin, 0), min(last - begin, count)
                if first < last:
                    fill(samples, first, last, value)
            part = field(1, name + samples)
            parts.append(part)
            size += len(part)
            if size > REQUEST:
                before_each()
                yield snappy(b"".join(parts))
                size, parts = 0, []
        if parts:
            before_each()
            yield snappy(b"".join(parts))
