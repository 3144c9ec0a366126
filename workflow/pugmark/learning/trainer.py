"""The one training loop: mixed precision, exact resume, a JSON line per epoch."""

import json
import logging
import math
import time

import pandas as pd
import torch

from pugmark import tables
from pugmark.learning import checkpoint
from pugmark.runtime.devices import device
from pugmark.runtime.disk import replacing

logger = logging.getLogger(__name__)
PROGRESS_SECONDS = 30
CHECKPOINT_SECONDS = 300
"""Between two checkpoints at least, each of hundreds of megabytes: what a training that is cut off has to repeat."""
COLLAPSED = 1e-4
"""Spread below which vectors differ by the rounding of half precision alone."""


class TrainingError(RuntimeError):
    """A training that cannot go on; the message says why and what to change."""


class Learner:
    """What a method tells the trainer.

    A subclass sets `model` (a module; every tensor that must survive an interruption is a parameter or buffer of it),
    `optimiser` and `schedule`, and says what the batches and their loss are.
    """

    clip = None  # largest norm of the gradient, None for no limit
    amp = True  # mixed precision on a GPU

    def batches(self, epoch):
        """A sized iterable of batches, tuples of tensors; the place for what an epoch starts with."""
        raise NotImplementedError

    def loss(self, *batch):
        """The scalar loss of a batch, whose tensors are on the device."""
        raise NotImplementedError

    def after_step(self):
        """Called after each optimiser step."""

    def after_epoch(self):
        """Called after each epoch; steps the schedule."""
        self.schedule.step()

    def figures(self):
        """The method's own figures of the epoch, for the history: numbers by name; `spread` as `spread` gives it."""
        return {}

    def groups(self):
        """How the epoch grouped `crops`: int labels, one for each, -1 for none; None where it did not."""
        return None

    def check(self, history):
        """Raise TrainingError where `history`, a list of figures by epoch, shows a training that came to nothing."""
        if history[-1].get("spread", 1) < COLLAPSED:
            raise TrainingError(
                f"All crops have the same vector after epoch {len(history)} (spread {history[-1]['spread']:.1g}): the "
                "training has collapsed. Lower the learning rate, or give more crops."
            )

    def finished(self, history):
        """Whether `history` says that no further epoch is wanted."""
        return False


def spread(features):
    """1 - |mean|^2 of unit vectors (N x D): 0 where all are one, 1 where they lie around the origin evenly."""
    return 1 - float((features.mean(0) ** 2).sum())


def train(learner, epochs, run):
    """Train `learner` for `epochs`, going on from the checkpoint in `run.folder` where it is of the same run.

    A checkpoint is written after the first epoch, which shows that there is room for it, then every CHECKPOINT_SECONDS,
    when an epoch ends, and after the last one. Returns the learner, its model on the CPU. Raises TrainingError.
    """
    scaler = _move(learner)
    history, groups = _resume(learner, scaler, run)
    kept = -math.inf
    for epoch in range(len(history), epochs):
        if history and learner.finished(history):
            break
        started = time.monotonic()
        rate = learner.optimiser.param_groups[-1]["lr"]
        loss, steps = _epoch(learner, scaler, epoch)
        learner.after_epoch()
        steps += history[-1]["steps"] if history else 0
        history.append({"epoch": epoch + 1, "steps": steps, "loss": loss, "lr": rate, **learner.figures()})
        told = ", ".join(f"{name} {value:.4g}" for name, value in history[-1].items() if name != "epoch")
        logger.info("epoch %d of %d: %s, %.1f s%s", epoch + 1, epochs, told, time.monotonic() - started, _memory())
        if run.folder:
            _write(run.history, history)
        learner.check(history)
        if (grouped := learner.groups()) is not None:
            groups[epoch + 1] = torch.as_tensor(grouped, dtype=torch.int32)
        if run.folder:
            last = epoch + 1 == epochs or learner.finished(history)
            if last or time.monotonic() - kept >= CHECKPOINT_SECONDS:
                _keep(learner, scaler, run, history, groups)
                kept = time.monotonic()
    if run.folder and groups:
        _write_groups(run.groups, learner.crops.meta["crop_id"], groups)
    learner.model.cpu()
    return learner


def _move(learner):
    where = device()
    learner.model.to(where, memory_format=torch.channels_last)
    learner.half = torch.bfloat16 if where.type == "cuda" and torch.cuda.is_bf16_supported() else torch.float16
    learner.amp = learner.amp and where.type == "cuda"
    return torch.amp.GradScaler(where.type, enabled=learner.amp and learner.half == torch.float16)


def _epoch(learner, scaler, epoch):
    total, count, told = 0.0, 0, time.monotonic()
    batches = learner.batches(epoch)
    learner.model.train()
    for count, batch in enumerate(batches, 1):
        total += _step(learner, scaler, batch, epoch, count)
        if time.monotonic() - told > PROGRESS_SECONDS:
            told = time.monotonic()
            logger.info("epoch %d, step %d of %d: mean loss %.4f", epoch + 1, count, len(batches), total / count)
    if not count:
        raise TrainingError("No batch could be formed: there are too few training crops for the batch size.")
    return total / count, count


def _step(learner, scaler, batch, epoch, count):
    where = device()
    batch = [tensor.to(where, non_blocking=True) for tensor in batch]
    with torch.autocast(where.type, learner.half, enabled=learner.amp):
        loss = learner.loss(*batch)
    value = loss.item()
    if not math.isfinite(value):
        raise TrainingError(f"The loss is {value} at epoch {epoch + 1}, step {count}: lower the learning rate.")
    learner.optimiser.zero_grad(set_to_none=True)
    scaler.scale(loss).backward()
    if learner.clip is not None:
        scaler.unscale_(learner.optimiser)
        torch.nn.utils.clip_grad_norm_(learner.model.parameters(), learner.clip)
    scaler.step(learner.optimiser)
    scaler.update()
    learner.after_step()
    return value


def _memory():
    return f", peak GPU memory {torch.cuda.max_memory_allocated() / 2**20:.0f} MiB" if device().type == "cuda" else ""


def _parts(learner, scaler):
    return {"model": learner.model, "optimiser": learner.optimiser, "schedule": learner.schedule, "scaler": scaler}


def _keep(learner, scaler, run, history, groups):
    state = {name: part.state_dict() for name, part in _parts(learner, scaler).items()}
    told = {"history": history, "groups": groups, "key": run.key}
    checkpoint.save(run.checkpoint, {**state, "rng": checkpoint.rng_state(), **told})


def _write(path, history):
    with replacing(path) as partial, open(partial, "w") as file:
        file.writelines(json.dumps(line, sort_keys=True) + "\n" for line in history)


def _write_groups(path, crop_ids, groups):
    parts = [pd.DataFrame({"epoch": epoch, "crop_id": crop_ids, "cluster": labels}) for epoch, labels in groups.items()]
    tables.write(path, "groups", pd.concat(parts), "train", {})


def _resume(learner, scaler, run):
    """The history and the groups so far; empty for a new start."""
    if not run.folder:
        return [], {}
    try:
        state = checkpoint.load(run.checkpoint)
    except FileNotFoundError:  # also where a twin of this job has just ended and removed it
        return [], {}
    if state["key"] != run.key:
        logger.info("%s is of other settings, code or crops: starting anew", run.checkpoint.name)
        return [], {}
    for name, part in _parts(learner, scaler).items():
        part.load_state_dict(state[name])
    checkpoint.restore_rng(state["rng"])
    # A workflow deletes declared outputs before it tries again.
    _write(run.history, state["history"])
    logger.info("going on after epoch %d", len(state["history"]))
    return state["history"], state["groups"]
