"""A step of descriptor vector exchange: products of matrices, one picture at a time, beside broadcast differences.

    PYTHONPATH=workflow python benchmarks/bench_dve.py

Random descriptors of length 64 on maps of 28 x 28 places, and the loss with its gradients. The peer multiplies and sums
all pairs of places and keeps every step for the gradients, as the equation reads; at 56 x 56 places its maps of one
picture would take 10 GB.
"""

import sys

import measure

PICTURES, LENGTH, PLACES, STRIDE = 4, 64, 28, 8


def naive(here, auxiliary, there, targets, stride, power):
    """The loss of `dve.loss` by broadcasting."""
    import torch

    def similar(one, other):
        return (one.flatten(2)[:, :, :, None] * other.flatten(2)[:, :, None, :]).sum(1)

    exchange = torch.softmax(similar(here, auxiliary), 2)
    exchanged = (exchange[:, None] * auxiliary.flatten(2)[:, :, None, :]).sum(3)
    found = torch.softmax(similar(exchanged, there), 2)
    down, right = torch.meshgrid(torch.arange(PLACES), torch.arange(PLACES), indexing="ij")
    places = stride * torch.stack([right, down], 2).view(-1, 2).float()
    away = (targets.flatten(1, 2)[:, :, None] - places).norm(dim=3).pow(power)
    return (found * away).sum(2).mean()


def work(side):
    """One warm-up, then three steps."""
    import torch

    from pugmark.learning import dve

    torch.manual_seed(0)
    made = [torch.randn(PICTURES, LENGTH, PLACES, PLACES, requires_grad=True) for _ in range(3)]
    targets = STRIDE * PLACES * torch.rand(PICTURES, PLACES, PLACES, 2)
    loss = naive if side == "peer" else dve.loss
    loss(*made, targets, STRIDE, 0.5).backward()
    with measure.stopwatch(steps=3) as facts:
        for _ in range(3):
            found = loss(*made, targets, STRIDE, 0.5)
            found.backward()
        facts["loss"] = round(found.item(), 4)


def main():
    """Parent: compare; child: do one side's work."""
    if len(sys.argv) == 2:
        work(sys.argv[1])
        return
    measure.compare({side: [sys.executable, __file__, side] for side in ("pugmark", "peer")})


if __name__ == "__main__":
    main()
