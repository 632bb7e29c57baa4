"""Which sandbox there is."""

from __future__ import annotations

import os

from maestro_graph.errors import CallFailure
from maestro_skills.sandbox._base import Sandbox
from maestro_skills.sandbox._bubblewrap import Bubblewrap, missing_tools
from maestro_skills.sandbox._subprocess import UnsafeSubprocess

__all__ = ["UNSAFE_VARIABLE", "choose_sandbox"]

UNSAFE_VARIABLE = "MAESTRO_UNSAFE_SUBPROCESS"


def choose_sandbox() -> Sandbox:
    """bubblewrap where it is installed.

    The environment variable `MAESTRO_UNSAFE_SUBPROCESS=I-understand` allows a plain subprocess instead: code that a
    model wrote then runs with all rights of this user.

    Raises:
        CallFailure: `refused`, naming what to install.
    """
    missing = missing_tools()
    if not missing:
        return Bubblewrap()
    if os.environ.get(UNSAFE_VARIABLE) == "I-understand":
        return UnsafeSubprocess()
    raise CallFailure(
        "refused",
        f"generated code is run in a sandbox only, and {', '.join(missing)} cannot be found; install bubblewrap and "
        f"util-linux (apt-get install bubblewrap util-linux). {UNSAFE_VARIABLE}=I-understand runs it unprotected",
    )
