"""Local key points of crops: found once per crop, kept at a fixed size, and matched in blocks."""
