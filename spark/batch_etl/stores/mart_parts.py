"""The parts of a mart's tables, and their fingerprints: parts of the same fingerprint hold the same rows."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

# The one part of a table that is not kept by month.
WHOLE = ""
_MONTH = "month="


def month_folders(table: Path) -> dict[str, Path]:
    """Month -> its folder, in order, of a table that is kept by month; of another one none."""
    return {folder.name.removeprefix(_MONTH): folder for folder in sorted(table.glob(f"{_MONTH}*"))}


def fingerprint_parts(table: Path, before: Path | None, known: Mapping[str, str]) -> dict[str, str]:
    """Month, or '' for a table that is not kept by month -> fingerprint of the bytes of its files.

    before  the table's folder in an earlier mart
    known   the fingerprints of the parts of that folder; what was taken over from it is not read again

    Rows that were computed again to the same files have the same fingerprint, whatever the names of the files.
    """
    folders = month_folders(table) or {WHOLE: table}
    return {
        part: known[part]
        if part in known and before is not None and _is_taken_over(folder, before / folder.relative_to(table))
        else _fingerprint(map(_digest, folder.glob("*.parquet")))
        for part, folder in folders.items()
    }


def files_added(files: Sequence[Path], known: str) -> Sequence[Path]:
    """The files of a part that came after those of a known fingerprint; none where it does not begin with these."""
    # The last one is not known: most parts are one file, which need not be read.
    digests = list(map(_digest, files[:-1]))
    begins = (number for number in range(len(files)) if _fingerprint(digests[:number]) == known)
    return files[next(begins, len(files)) :]


def _is_taken_over(folder: Path, before: Path) -> bool:
    names = sorted(file.name for file in folder.glob("*.parquet"))
    if names != sorted(file.name for file in before.glob("*.parquet")):
        return False
    return all((folder / name).samefile(before / name) for name in names)


def _fingerprint(digests: Iterable[str]) -> str:
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()[:16]


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
