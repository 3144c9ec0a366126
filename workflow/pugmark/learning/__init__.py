"""What methods share: crops as tensors, backbones, samplers, losses, the trainer and its checkpoints."""
