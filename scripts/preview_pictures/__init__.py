"""Pictures of known kind, drawn by many libraries, to fit and test the preview of pictures (fit_preview.py).

Every source is a function of a random generator that returns an RGB array. A source is (kind, name); the name is the
library or origin, so that whole libraries can be held out. Photographs are crops of those that ship in
scikit-image, scikit-learn and matplotlib.
"""

from __future__ import annotations

from preview_pictures import _charts, _diagrams, _pages, _photos, _shapes
from preview_pictures._base import SOURCES

__all__ = ["SOURCES"]

_ = (_charts, _diagrams, _pages, _photos, _shapes)  # each adds its sources on import
