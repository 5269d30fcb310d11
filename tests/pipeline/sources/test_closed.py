import pyarrow as pa
import pytest

from pipeline.sources.closed import Closed

LAST = "the last line"


def in_blocks(content: bytes, size: int) -> bytes:
    """Read a closed file in blocks of so many bytes."""
    found, buffer = b"", bytearray(size)
    with Closed(pa.BufferReader(content), LAST) as file:
        while count := file.readinto(buffer):
            found += buffer[:count]
    return found


@pytest.mark.parametrize("size", range(1, 9))
def test_characters_of_several_bytes_are_read_wherever_a_block_ends(size):
    content = "Zähler,1\nμ,2\n€,3\n".encode()
    assert in_blocks(content, size) == content + f"\n{LAST}\n".encode()


@pytest.mark.parametrize("size", range(1, 9))
@pytest.mark.parametrize("wrong", [b"Z\xe4hler,1\n", b"a,1\n\xe2\x82", b"a\xe2\x82b,1\n", b"\x80"])
def test_what_is_no_utf_8_is_found_wherever_a_block_ends(wrong, size):
    with pytest.raises(UnicodeDecodeError):
        in_blocks(wrong, size)
