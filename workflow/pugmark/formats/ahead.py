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
