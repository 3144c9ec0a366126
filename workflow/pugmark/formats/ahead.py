"""Reading while something else computes: a GPU that waits for each picture to be decoded stands idle meanwhile."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

_END = object()


def of(items, count):
    """Yield what the iterator `items` yields, up to `count` of which a thread has made ready; its errors come in place.

    A thread does for pictures, as decoders let go of Python's lock.
    """
    with ThreadPoolExecutor(1) as reader:
        ready = deque(reader.submit(next, items, _END) for _ in range(count))
        while (item := ready.popleft().result()) is not _END:
            ready.append(reader.submit(next, items, _END))
            yield item


def mapped(function, items, workers):
    """Yield function(item) for each of `items`, in their order, from as many threads as there are `workers`.

    Each has one item in hand and one waiting; an error comes in the place of its item.
    """
    with ThreadPoolExecutor(workers) as pool:
        waiting = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) == 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
