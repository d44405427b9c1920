"""An archive lands as it was delivered and is read as what it holds."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from batch_etl.errors import SourceFileRefused
from batch_etl.stores.landing import Limits, land
from tests.unit.stores.landed import CUSTOMERS, SALES, land_bytes, refusal

CONTENT = b"id,note\n1,a\n2,b\n"


def zstd(content: bytes) -> bytes:
    return pa.compress(content, codec="zstd", asbytes=True)


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("sales.csv.gz", gzip.compress(CONTENT)),
        ("sales.csv.gz", gzip.compress(CONTENT[:9]) + gzip.compress(CONTENT[9:])),
        ("sales.csv.zst", zstd(CONTENT)),
    ],
    ids=["gzip", "gzip in two members", "zstd"],
)
def test_an_archive_is_known_by_its_own_bytes_and_counted_by_what_it_holds(raw: Path, name: str, packed: bytes) -> None:
    batch, _ = land_bytes(raw, packed, name=name)

    folder = raw.parent / "landing/sales" / batch.batch_id
    assert (batch.source_file, batch.size_bytes, batch.records) == (name, len(packed), 2)
    assert ((folder / "source").read_bytes(), (folder / batch.text).read_bytes()) == (packed, CONTENT)


@pytest.mark.parametrize("packed", [gzip.compress(CONTENT), zstd(CONTENT)], ids=["gzip", "zstd"])
def test_an_archive_that_is_cut_anywhere_is_refused(raw: Path, packed: bytes) -> None:
    name = "sales.csv.gz" if packed.startswith(b"\x1f\x8b") else "sales.csv.zst"

    assert refusal(raw, b"", name=name) == f"{name}: empty; deliver it again"
    for length in range(1, len(packed)):
        assert refusal(raw, packed[:length], name=name).startswith(f"{name}: cannot be unpacked: ")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("sales.csv.gz", gzip.compress(CONTENT)[:-8] + b"12345678", "cannot be unpacked: CRC check failed"),
        ("sales.csv.gz", gzip.compress(CONTENT)[:10] + b"\xff" * 20, "cannot be unpacked: Error -3"),
        ("sales.csv.gz", gzip.compress(CONTENT) + b"more", "cannot be unpacked: Not a gzipped file"),
        ("sales.csv.zst", zstd(CONTENT) + b"more", "cannot be unpacked: ZSTD decompress failed"),
        ("sales.csv.gz", CONTENT, "cannot be unpacked: Not a gzipped file"),
        ("sales.csv.zst", CONTENT, "cannot be unpacked: ZSTD decompress failed"),
        ("sales.csv.gz", gzip.compress(gzip.compress(CONTENT)), "holds gzip data; name it .gz, or deliver it plain"),
        ("sales.csv.gz", gzip.compress(b""), "empty; deliver it again"),
        ("sales.csv.gz", gzip.compress(b"id\n1\n"), "header: missing note"),
    ],
)
def test_an_archive_that_cannot_be_trusted_is_refused(raw: Path, name: str, content: bytes, reason: str) -> None:
    assert refusal(raw, content, name=name).startswith(f"{name}: {reason}")


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_an_archive_that_holds_more_than_is_allowed_is_refused_before_it_fills_the_disk(
    raw: Path, pack: Callable[[bytes], bytes]
) -> None:
    name = "sales.csv.gz" if pack is gzip.compress else "sales.csv.zst"
    (raw / name).write_bytes(pack(b"id,note\n" + b"1,a\n" * 10_000_000))
    limits = Limits(split_bytes=1 << 20, max_unpacked_bytes=10_000_000)

    reason = f"{name}: unpacks to more than 10000000 bytes; where that is right, raise landing.max_unpacked_bytes"
    with pytest.raises(SourceFileRefused, match=reason):
        land(raw / name, SALES, landing=raw.parent / "landing", limits=limits)

    assert list((raw.parent / "landing/sales").iterdir()) == []


def test_documents_may_be_packed_too(raw: Path) -> None:
    batch, _ = land_bytes(raw, gzip.compress(b'[{"id": 1}, {}]'), name="customers.json.gz", contract=CUSTOMERS)

    assert (batch.records, batch.is_array) == (2, True)
