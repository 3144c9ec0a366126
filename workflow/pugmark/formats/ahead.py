"""Read ahead while something else computes, so that a GPU need not wait for each picture to be decoded."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

_END = object()


def of(items, count):
    """Yield what the iterator `items` yields, while a thread reads up to `count` items ahead; errors come in place.

    A thread is enough for pictures, because decoders release Python's lock.
    """
    with ThreadPoolExecutor(1) as reader:
        ready = deque(reader.submit(next, items, _END) for _ in range(count))
        while (item := ready.popleft().result()) is not _END:
            ready.append(reader.submit(next, items, _END))
            yield item


def mapped(function, items, workers):
    """Yield function(item) for each of `items`, in their order, computed in `workers` threads.

    Each thread has one item in work and one waiting. An error comes in the place of its item.
    """
    with ThreadPoolExecutor(workers) as pool:
        waiting = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) == 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
