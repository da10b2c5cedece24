"""Modules that weigh much and that few processes need: named where they are imported, loaded where they are used."""

import importlib.util
import sys
from typing import Any


def later(name: str) -> Any:
    """The module `name`, loaded with the first look at one of its attributes (importlib's own LazyLoader).

    Raises ModuleNotFoundError at once when there is none.
    """
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
