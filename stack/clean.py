"""What ./clean.sh does: name what goes, ask, and delete it."""

import shutil
import sys
from pathlib import Path

from stack.backend import Backend
from stack.layout import ENV_FILE, LOGS, PROCESSED, shown
from stack.modes import forget_mode, open_all
from stack.progress import Progress
from stack.settings import load_settings


def clean(*, everything: bool, is_confirmed: bool) -> int:
    backends = open_all(load_settings())
    doomed = [*_of_the_modes(backends, everything=everything), *map(_named, _files(everything=everything))]
    if not doomed:
        print("nothing to delete")
        return 0
    print("this deletes:\n" + "\n".join(f"  {thing}" for thing in doomed))
    if not (is_confirmed or _agrees()):
        print("clean.sh: nothing was deleted", file=sys.stderr)
        return 1
    progress = Progress()
    for backend in backends:
        backend.down(progress)
        backend.remove(everything=everything)
    for path in _files(everything=everything):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    forget_mode()
    progress.say("deleted")
    return 0


def _of_the_modes(backends: list[Backend], *, everything: bool) -> list[str]:
    return [thing for backend in backends for thing in backend.leftovers(everything=everything)]


def _files(*, everything: bool) -> list[Path]:
    """What both modes share. The settings and keys of .env go only with everything else."""
    return [path for path in (PROCESSED, LOGS, *([ENV_FILE] if everything else [])) if path.exists()]


def _named(path: Path) -> str:
    """Who has mended exported records there by hand should know, and who has taken files out of data/raw."""
    held = {"landing": "the copies of all files that were landed", "exports": "the files of ./etl quarantine export"}
    told = [what for folder, what in held.items() if path == PROCESSED and any((path / folder).glob("*"))]
    return f"{shown(path)}, with {' and '.join(told)}" if told else shown(path)


def _agrees() -> bool:
    if not sys.stdin.isatty():
        print("clean.sh: nobody is there to ask; say --yes to delete all of it", file=sys.stderr)
        return False
    return input("delete all of it? [y/N] ").strip().lower() in {"y", "yes"}
