"""Masks of the animals inside boxes: SAM, IS-Net, GrabCut, and the policies that combine them."""
