"""Models whose fields are described by the docstrings beneath them.

Pydantic can read these docstrings (`use_attribute_docstrings`), but it looks for the source of each class anew, which
took a fifth of the time that the records need for their import. Here each module is parsed once.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ConfigDict


class DescribedModel(BaseModel):
    """A model whose fields have the docstrings beneath them as descriptions.

    A field without docstring has none, and so has a class whose source cannot be read, or that was made with
    `use_attribute_docstrings=False`.
    """

    model_config = ConfigDict(
        defer_build=True  # few programs need every model; Pydantic builds each on first use, under a lock
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **settings: Any) -> None:
        super().__pydantic_init_subclass__(**settings)
        if cls.model_config.get("use_attribute_docstrings") is False or not cls.model_fields:
            return
        docstrings = _docstrings(cls.__module__).get(cls.__qualname__, {})
        undescribed = [name for name, field in cls.model_fields.items() if not field.description and name in docstrings]
        for name in undescribed:
            cls.model_fields[name].description = docstrings[name]
        if undescribed and cls.model_config.get("defer_build") is False:
            cls.model_rebuild(force=True)  # it was built without them


@cache
def _docstrings(module_name: str) -> Mapping[str, Mapping[str, str]]:
    """Return the docstrings of attributes, by qualified class name and attribute; empty if there is no source."""
    try:
        source = inspect.getsource(sys.modules[module_name])
    except (KeyError, OSError, TypeError):  # made by a program, typed at a prompt
        return {}
    return {name: dict(_of_class(definition)) for name, definition in _classes(ast.parse(source), "")}


def _classes(scope: ast.AST, prefix: str) -> Iterator[tuple[str, ast.ClassDef]]:
    """Yield the classes of a scope with their qualified names."""
    for node in ast.iter_child_nodes(scope):
        match node:
            case ast.ClassDef():
                yield f"{prefix}{node.name}", node
                yield from _classes(node, f"{prefix}{node.name}.")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _classes(node, f"{prefix}{node.name}.<locals>.")
            case ast.stmt() | ast.excepthandler():
                yield from _classes(node, prefix)
            case _:
                pass


def _of_class(definition: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Yield each annotated attribute that has a docstring, and the docstring."""
    for attribute, below in pairwise(definition.body):
        match attribute, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
            case _:
                pass
