"""Take one shard of a large batch: a stretch of its media, so that the next stages work on all shards in parallel.

A sequence is never divided, and a video's frames are one sequence. Shards are as even as the sequences allow.
"""

import logging

import numpy as np

from pugmark import tables
from pugmark.runtime import cli

log = logging.getLogger("pugmark.stages.shard")


def shard(media, number, shards):
    """The rows of the media table (DataFrame, in its order) that are shard `number`, from 1, of `shards`."""
    sizes = media.groupby("sequence", sort=False).size()  # in order of appearance
    before = sizes.cumsum() - sizes
    # A sequence belongs where its middle falls.
    of_sequence = np.minimum((before + sizes / 2) * shards // max(len(media), 1), shards - 1)
    return media[media["sequence"].map(of_sequence) == number - 1]


def main(argv=None):
    """Command line of the stage."""
    parser = cli.parser(__doc__)
    parser.add_argument("--media", required=True, help="media table of the whole batch")
    parser.add_argument("--number", type=int, required=True, help="number of the shard, from 1")
    parser.add_argument("--shards", type=int, required=True, help="number of shards")
    parser.add_argument("--out", required=True, help="media table of the shard")
    args = parser.parse_args(argv)
    rows = shard(tables.read(args.media, "media"), args.number, args.shards)
    counts = {"media": len(rows), "sequences": int(rows["sequence"].nunique())}
    tables.write(args.out, "media", rows, "shard", {"number": args.number, "shards": args.shards}, counts=counts)
    log.info("%d media, %d sequences", counts["media"], counts["sequences"])


if __name__ == "__main__":
    main()
