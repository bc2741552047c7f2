"""What the annotation of a feature means, once every class is known."""

import ast
import typing
from dataclasses import dataclass
from typing import Any

from creta.definition.brackets import functions, rewrite
from creta.definition.classes import FeatureMeta, module_globals
from creta.definition.letters import DefinitionError, fault, suggestion
from creta.definition.markers import DataFrameOf, FeatureTime, PrimaryOf, WindowedOf
from creta.definition.places import Place
from creta.definition.references import OptionalReference, Reference
from creta.definition.registry import registry
from creta.definition.value_types import split_optional
from creta.frames import DataFrame


@dataclass
class Meaning:
    """An annotation taken apart. Exactly one of `python_type`, `key_of` and `target` is set."""

    nullable: bool = False
    primary: bool = False
    windowed: bool = False
    feature_time: bool = False
    # A bare `DataFrame`, as `group_by_windowed` features may be annotated.
    frame: bool = False
    python_type: Any = None
    # A feature of another class whose type this one takes.
    key_of: Reference | None = None
    # The class of a relationship.
    target: type | None = None
    many: bool = False


def evaluate(annotation: Any, scope: dict[str, Any], place: Place) -> Any:
    """Evaluates annotations written as strings. Raises DefinitionError at the user's line."""
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if not isinstance(annotation, str):
        return annotation
    import creta.features as names

    known = {cls.__name__: cls for cls in registry.classes.values()}
    visible = {**vars(typing), **vars(names), **known, **scope}
    try:
        # Compiled at the user's place, so that errors inside find the right line.
        tree = ast.increment_lineno(ast.parse(annotation, place.file, "eval"), place.line - 1)
        return eval(compile(rewrite(tree), place.file, "eval"), {**visible, **functions()})
    except DefinitionError:
        raise
    except NameError as error:
        message = f"`{annotation}` names `{error.name}`, which is not defined."
        raise fault("annotation", message, place, suggestion(str(error.name), [*known, *scope])) from None
    except Exception as error:
        message = f"The annotation `{annotation}` cannot be evaluated: {type(error).__name__}: {error}"
        raise fault("annotation", message, place) from None


def meaning(annotation: Any, module: str, place: Place) -> Meaning:
    """Takes the annotation of a feature apart. Raises DefinitionError."""
    scope = module_globals(module)
    found = Meaning()
    annotation = evaluate(annotation, scope, place)
    for _depth in range(6):
        if isinstance(annotation, PrimaryOf):
            found.primary = True
            annotation = annotation.of
        elif isinstance(annotation, WindowedOf):
            found.windowed = True
            annotation = annotation.of
        elif isinstance(annotation, OptionalReference):
            found.nullable = True
            annotation = annotation.reference
        else:
            annotation, optional = split_optional(annotation)
            found.nullable |= optional
        annotation = evaluate(annotation, scope, place)
    _classify(found, annotation, scope, place)
    return found


def _classify(found: Meaning, annotation: Any, scope: dict[str, Any], place: Place) -> None:
    if isinstance(annotation, FeatureMeta):
        found.target = annotation
    elif isinstance(annotation, DataFrameOf):
        item = evaluate(annotation.items[0], scope, place) if len(annotation.items) == 1 else None
        if not isinstance(item, FeatureMeta):
            message = "A has-many relationship is written `DataFrame[Other]`, with one feature class."
            raise fault("annotation", message, place)
        found.target, found.many = item, True
    elif isinstance(annotation, Reference):
        found.key_of = annotation
    elif annotation is DataFrame:
        found.frame = True
        found.python_type = annotation
    else:
        found.feature_time = annotation is FeatureTime
        found.python_type = annotation
