"""Traces to trajectories, rewards and the group-relative objective, for policies of cards and of tokens."""
