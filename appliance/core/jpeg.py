"""JPEG pictures as bytes: where each one ends, and whether the service will take it.

Knows the markers of ITU-T T.81. Must never know where a picture came from, nor what is on it.

Nothing is decoded. Cameras that speak Motion JPEG leave out the Huffman tables, as they are always the same;
a decoder of pictures wants them, so they are put back.
"""

from __future__ import annotations

from collections.abc import Iterator

MOST_BYTES = 512 * 1024  # of a picture: 1080p at high quality; at 1 Mbit/s it already takes 6 s to send
SOI, EOI, SOS, DHT = 0xD8, 0xD9, 0xDA, 0xC4
ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length: TEM, RST0 to RST7, SOI


class NotAPicture(ValueError):
    """Why these bytes cannot be sent, in words."""


def end_of(data: bytes, start: int) -> int | None:
    """Just behind the picture that begins at `start`; None where none does, or its end is missing.

    Segments are stepped over by their length: a preview inside of one has an end of its own.
    """
    if data[start : start + 3] != b"\xff\xd8\xff":
        return None
    at = start + 2
    while (marker := _marker(data, at)) is not None:
        at, code = marker
        if code == EOI:
            return at
        if code == SOI:  # the next picture: this one was cut off
            return None
        if code in ALONE:
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2:
            return None
        at += length
        if code == SOS:
            at = _scanned(data, at)
    return None


def _marker(data: bytes, at: int) -> tuple[int, int] | None:
    """Behind the marker at `at`, and its code; None where there is none. Fill bytes may precede it."""
    while (pair := data[at : at + 2]) == b"\xff\xff":
        at += 1
    return (at + 2, pair[1]) if len(pair) == 2 and pair[0] == 0xFF else None


def _scanned(data: bytes, at: int) -> int:
    """Behind the compressed data that begins at `at`: at the next marker that is not part of it."""
    while (at := data.find(b"\xff", at)) >= 0:
        code = data[at + 1 : at + 2]
        if code != b"\0" and not b"\xd0" <= code <= b"\xd7":  # a stuffed byte; a restart
            return at
        at += 2
    return len(data)


def pictures(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each whole picture in a stream of them begins and ends; what is between them is left out."""
    at = 0
    while (at := data.find(b"\xff\xd8\xff", at)) >= 0:
        end = end_of(data, at)
        if end is None:
            at += 2
        else:
            yield at, end
            at = end


def checked(frame: bytes) -> bytes:
    """The picture that a camera delivered, fit to be sent. Raises NotAPicture.

    What follows its end is cut off: drivers hand over their buffers whole.
    """
    if len(frame) > MOST_BYTES:
        size = f"{len(frame) // 1024} kB; at most {MOST_BYTES // 1024} kB are sent"
        raise NotAPicture(f"a picture of {size}: choose a smaller width and height")
    end = end_of(frame, 0)
    if end is None:
        raise NotAPicture(f"{len(frame)} bytes that are no whole JPEG picture")
    return _with_tables(frame[:end])


def _with_tables(jpeg: bytes) -> bytes:
    """The same with Huffman tables; put in just before the scan, where they are needed."""
    at = 2
    while (marker := _marker(jpeg, at)) is not None:
        behind, code = marker
        if code == DHT:
            return jpeg
        if code == SOS:
            return jpeg[: behind - 2] + TABLES + jpeg[behind - 2 :]
        at = behind if code in ALONE else behind + int.from_bytes(jpeg[behind : behind + 2], "big")
    raise NotAPicture("a JPEG picture with nothing on it")


def _segment() -> bytes:
    """T.81 annex K.3: the tables of figures K.3 to K.6, as one segment."""
    few = bytes(range(12))
    tables = (
        (0x00, "00010501010101010100000000000000", few),
        (0x10, "0002010303020403050504040000017d", bytes.fromhex(LUMINANCE)),
        (0x01, "00030101010101010101010000000000", few),
        (0x11, "00020102040403040705040400010277", bytes.fromhex(CHROMINANCE)),
    )
    body = b"".join(bytes([which]) + bytes.fromhex(counts) + values for which, counts, values in tables)
    return b"\xff\xc4" + (len(body) + 2).to_bytes(2, "big") + body


LUMINANCE = (
    "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435"
    "363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798"
    "999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4"
    "f5f6f7f8f9fa"
)
CHROMINANCE = (
    "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a"
    "35363738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a9293949596"
    "9798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4"
    "f5f6f7f8f9fa"
)
TABLES = _segment()
