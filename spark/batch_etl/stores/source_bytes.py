"""The bytes of a source file, chunk by chunk; what keeps them from being read refuses the file."""

import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from batch_etl.errors import SourceFileRefused

CHUNK_BYTES = 4 * 1024 * 1024
ARCHIVES = {".gz": "gzip", ".zst": "zstd"}


def plain_name(file_name: str) -> str:
    """The name of what a file holds: that of an archive without its last suffix."""
    name = Path(file_name)
    return name.stem if name.suffix in ARCHIVES else file_name


def written_name(file: Path) -> str:
    """The name of a file as text; the bytes of it that are no UTF-8 as \\xff."""
    return os.fsencode(file.name).decode("utf-8", errors="backslashreplace")


def open_source(file: Path) -> BinaryIO:
    """Open a file that somebody delivered. Raises SourceFileRefused where it is none, or lies somewhere else."""
    if file.is_symlink() and not _stays_in_its_folder(file):
        raise SourceFileRefused(f"{file.name}: a link that leads out of {file.parent}; put the file itself there")
    try:
        # Without O_NONBLOCK opening a FIFO would wait for somebody to write to it.
        source = os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb")
    except IsADirectoryError:
        raise _not_regular(file) from None
    except OSError as error:
        # A socket cannot be opened at all.
        raise _not_regular(file) if file.is_socket() else _unreadable(file, error) from None
    if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
        source.close()
        raise _not_regular(file)
    return source


def chunks(source: BinaryIO, file: Path) -> Iterator[bytes]:
    try:
        while chunk := source.read(CHUNK_BYTES):
            yield chunk
    except OSError as error:
        raise _unreadable(file, error) from None


def size_and_time(file: Path) -> tuple[int, int, int]:
    """What changes when somebody writes to a file or puts another one in its place."""
    try:
        state = file.stat()
    except OSError as error:
        raise _unreadable(file, error) from None
    return state.st_size, state.st_mtime_ns, state.st_ino


def unpacked(archive: Path, name: str, *, max_bytes: int) -> Iterator[bytes]:
    """What an archive holds. name: of the file as it was delivered, which tells how it is packed."""
    unpacked_bytes = 0
    try:
        with _open_archive(archive, Path(name).suffix) as content:
            while chunk := content.read(CHUNK_BYTES):
                unpacked_bytes += len(chunk)
                if unpacked_bytes > max_bytes:
                    raise SourceFileRefused(
                        f"{name}: unpacks to more than {max_bytes} bytes; where that is right, raise "
                        "landing.max_unpacked_bytes in config/pipeline.yaml"
                    )
                yield bytes(chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceFileRefused(f"{name}: cannot be unpacked: {error}; pack and deliver it again") from None


def _open_archive(archive: Path, suffix: str) -> BinaryIO:
    if ARCHIVES[suffix] == "gzip":
        return gzip.open(archive, "rb")  # type: ignore[return-value]  # reads like any binary file
    stream: BinaryIO = pa.input_stream(str(archive), compression="zstd")
    return stream


def _stays_in_its_folder(link: Path) -> bool:
    try:
        return link.resolve().is_relative_to(link.parent.resolve())
    except (OSError, RuntimeError):
        # A link that leads to itself. Opening it tells so.
        return True


def _not_regular(file: Path) -> SourceFileRefused:
    return SourceFileRefused(f"{file.name}: not a regular file; put the file itself into {file.parent}")


def _unreadable(file: Path, error: OSError) -> SourceFileRefused:
    return SourceFileRefused(f"{file.name}: cannot be read: {error.strerror}; mend its permissions or deliver it again")
