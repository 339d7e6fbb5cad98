"""Read JSON into a dataclass, only if every value has its type, since files on disk are untrusted input."""

from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


def from_json(kind: type[T], said: Any) -> T:  # noqa: ANN401 - any JSON
    """Return JSON as a value of a type: a dataclass, a tuple of one type, or a plain type.

    Raises:
        ValueError: It has another type.
    """
    value: Any = said
    if is_dataclass(kind):
        names = {each.name for each in fields(kind)}
        if not isinstance(said, dict) or not said.keys() <= names:
            raise ValueError(said)
        hints = get_type_hints(kind)
        try:
            value = kind(**{name: from_json(hints[name], each) for name, each in said.items()})
        except TypeError as error:  # a field is missing
            raise ValueError(str(error)) from None
    elif get_origin(kind) is tuple and isinstance(said, list):
        value = tuple(from_json(get_args(kind)[0], each) for each in said)
    elif type(said) is not kind:
        raise ValueError(said)
    return value  # type: ignore[no-any-return]
