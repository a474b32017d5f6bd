"""How the kernels of the views are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Array = NDArray[Any]


def compiled(function: Function) -> Function:
    """Compile to machine code that frees the GIL; sums may be reordered, NaN and infinity keep their meaning."""
    return cast(Function, njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})(function))
