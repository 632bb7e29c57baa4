"""Doors for other evaluation frameworks."""

__all__: list[str] = []
