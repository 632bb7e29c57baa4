"""Traces to trajectories to GRPO. Its parts arrive with the training release."""
