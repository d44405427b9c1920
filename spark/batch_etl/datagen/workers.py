"""Makes the parts of a file, in several processes where asked for, and hands them over in their order."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager

from batch_etl.datagen.dirt import Stretch, stretches
from batch_etl.datagen.recipes import recipes
from batch_etl.datagen.stream import Part
from batch_etl.datagen.world import World

_RECORDS_A_PART = 50_000


@contextmanager
def parts_of(world: World, processes: int) -> Iterator[Callable[[str, int], Iterator[Part]]]:
    """How to get the parts of the first so many records of a dataset. Their bytes are the same in any process."""
    if processes == 1:
        yield lambda dataset, count: (_make(world, dataset, stretch) for stretch in _stretches(world, count))
        return
    with ProcessPoolExecutor(processes) as pool:
        yield lambda dataset, count: _in_order(pool, 2 * processes, world, dataset, count)


def _in_order(pool: ProcessPoolExecutor, ahead: int, world: World, dataset: str, count: int) -> Iterator[Part]:
    """No more than so many parts wait to be written: memory stays flat, however slow the disk."""
    waiting: deque[Future[Part]] = deque()
    for stretch in _stretches(world, count):
        waiting.append(pool.submit(_make, world, dataset, stretch))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _make(world: World, dataset: str, stretch: Stretch) -> Part:
    # Recipes hold functions, which no other process can be sent; each has its own.
    return recipes(world)[dataset].part(world, stretch)


def _stretches(world: World, count: int) -> Iterator[Stretch]:
    return stretches(world.dirt_ppm, count, about=_RECORDS_A_PART)
