"""Signatures of Python resolvers: which feature each parameter receives and what the function yields."""

import inspect
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from creta.definition.classes import FeatureMeta, module_globals
from creta.definition.expressions import Bound
from creta.definition.letters import CretaWarning, DefinitionError, fault, suggestion
from creta.definition.markers import DataFrameOf, FeaturesOf, LastOf, Now
from creta.definition.places import Place, clock_defaults
from creta.definition.references import OptionalReference, Reference, attribute_of_row, chosen_group, split_items
from creta.definition.resolvers import Resolver
from creta.definition.value_types import describe, split_optional
from creta.project.annotations import evaluate
from creta.project.groups import group_fault
from creta.project.linked import Linked, LinkedClass, Target


@dataclass
class LinkedParameter:
    """One parameter; `columns` are those of rows and frames."""

    name: str
    # "now", "feature", "last", "has_one", "has_many" or "frame".
    kind: str
    target: Target | None = None
    columns: list[Target] = field(default_factory=list)
    filters: list[Any] = field(default_factory=list)
    limit: int | None = None
    with_now: bool = False
    # Column → node of the group that is read of a `group_by_windowed` feature.
    group: dict[str, Any] | None = None
    optional: bool = False
    default: Any = inspect.Parameter.empty

    @property
    def root(self) -> LinkedClass | None:
        if self.target is not None:
            return self.target.root
        return self.columns[0].root if self.columns else None


@dataclass
class Signature:
    """A resolver's parameters, the class it produces features of, and these features."""

    resolver: Resolver
    parameters: list[LinkedParameter]
    owner: LinkedClass
    outputs: list[Target]
    frame: bool


class SignatureReader:
    """Reads one resolver. Raises DefinitionError with every fault of the signature."""

    def __init__(self, linked: Linked, resolver: Resolver):
        self.linked = linked
        self.resolver = resolver
        self.place = resolver.place
        self.scope = module_globals(resolver.function.__module__)
        self.letters: list = []

    def read(self) -> Signature:
        annotations = inspect.get_annotations(self.resolver.function)
        parameters = []
        for parameter in inspect.signature(self.resolver.function).parameters.values():
            try:
                parameters.append(self._parameter(parameter, annotations))
            except DefinitionError as error:
                self.letters.extend(error.letters)
        owner, outputs, frame = None, [], False
        try:
            owner, outputs, frame = self._returned(annotations, parameters)
        except DefinitionError as error:
            self.letters.extend(error.letters)
        self._check_roots(parameters)
        self._check_promises(outputs)
        self._check_clock()
        if self.letters or owner is None:
            raise DefinitionError(self.letters)
        return Signature(self.resolver, parameters, owner, outputs, frame)

    def _fault(self, code: str, message: str, fix: str | None = None) -> DefinitionError:
        return fault(code, message, self.place, fix)

    def _parameter(self, parameter: inspect.Parameter, annotations: dict[str, Any]) -> LinkedParameter:
        name = f"The parameter `{parameter.name}` of {self.resolver.__name__}"
        if parameter.name not in annotations:
            message = f"{name} has no annotation."
            raise self._fault("annotation", message, f"Name the feature: `{parameter.name}: Vessel.flag`.")
        annotation = evaluate(annotations[parameter.name], self.scope, self.place)
        optional = isinstance(annotation, OptionalReference)
        if optional:
            annotation = annotation.reference
        else:
            annotation, optional = split_optional(annotation)
        annotation = evaluate(annotation, self.scope, self.place)
        read = self._input(parameter.name, name, annotation)
        read.optional = optional
        read.default = parameter.default
        if read.kind == "has_one" and parameter.default not in (parameter.empty, None):
            raise self._fault("annotation", f"{name} receives a whole row, so it can have no default but None.")
        read.optional |= read.kind == "has_one" and parameter.default is None
        return read

    def _input(self, name: str, described: str, annotation: Any) -> LinkedParameter:
        if annotation is Now:
            return LinkedParameter(name, "now")
        if isinstance(annotation, DataFrameOf):
            columns, with_now = self._columns(annotation.items)
            return LinkedParameter(name, "frame", columns=columns, with_now=with_now)
        if isinstance(annotation, LastOf):
            return LinkedParameter(name, "last", target=self._last(described, annotation.of))
        if not isinstance(annotation, Reference):
            message = f"{described} is annotated with `{describe(annotation)}`, which is no feature."
            raise self._fault("annotation", message, "Parameters name features, such as `Vessel.flag`.")
        target = self._follow(annotation)
        if target.feature.kind == "has_many":
            return self._rows(name, target, annotation._creta_items)
        if target.feature.kind == "has_one":
            return self._whole(name, described, target, annotation)
        if target.windowed_whole:
            message = f"{described} asks for `{target.fqn}` without a window."
            raise self._fault("annotation", message, 'Choose one: `Vessel.teu["30d"]`.')
        if target.through_many:
            message = f"{described} reaches `{target.fqn}` through a has-many relationship."
            raise self._fault("annotation", message, "Ask for the rows and their columns: `Vessel.calls[Call.teu]`.")
        letter = group_fault(target.feature, target.fqn, chosen_group(annotation), self.place)
        if letter is not None:
            raise DefinitionError([letter])
        return LinkedParameter(name, "feature", target=target, group=chosen_group(annotation))

    def _last(self, described: str, of: Any) -> Target:
        """The feature whose last stored value is asked for: a single value of the row itself."""
        of = evaluate(of, self.scope, self.place)
        target = self._follow(of) if isinstance(of, Reference) else None
        if target is None or target.feature.type is None or len(target.path) > 1 or target.windowed_whole:
            message = f"{described} asks for the last value of `{describe(of)}`, which is no single feature of the row."
            raise self._fault("annotation", message, "Name a feature of the class itself: `Last[Vessel.risk]`.")
        return target

    def _whole(self, name: str, described: str, target: Target, annotation: Reference) -> LinkedParameter:
        """A whole has-one row: all its scalars, each an input of its own."""
        if target.through_many or annotation._creta_items:
            message = f"{described} cannot receive `{target.fqn}` as one row."
            raise self._fault("annotation", message, f"Name what is needed: `{annotation._creta_path[-1]}.<feature>`.")
        child = self.linked.classes[target.feature.meaning.target]
        columns = [self._follow(getattr(annotation, feature.field.attribute)) for feature in child.scalars()]
        return LinkedParameter(name, "has_one", target, columns)

    def _rows(self, name: str, target: Target, items: tuple) -> LinkedParameter:
        child = self.linked.classes[target.feature.meaning.target]
        projected, filters, limit = split_items(items)
        if projected:
            columns = [self._column(child, item) for item in projected]
        else:
            columns = [self._member(child, feature.field.attribute) for feature in child.scalars()]
        for column in columns:
            if column.root is not child:
                message = f"`{column.fqn}` is not a feature of {child.info.name}."
                raise self._fault("annotation", message)
        nodes = []
        time = child.feature_time
        for item in filters:
            nodes.extend(item.conditions(time) if isinstance(item, Bound) else [item])
        return LinkedParameter(name, "has_many", target, columns, nodes, limit)

    def _returned(self, annotations: dict[str, Any], parameters: list[LinkedParameter]):
        if "return" not in annotations:
            message = f"The resolver {self.resolver.__name__} does not say which features it returns."
            raise self._fault("annotation", message, "Annotate the return: `-> Vessel.risk` or `-> Features[…]`.")
        annotation = evaluate(annotations["return"], self.scope, self.place)
        annotation = evaluate(split_optional(annotation)[0], self.scope, self.place)
        if isinstance(annotation, OptionalReference):
            annotation = annotation.reference
        takes_frame = any(parameter.kind == "frame" for parameter in parameters)
        if isinstance(annotation, DataFrameOf):
            outputs, _with_now = self._columns(annotation.items)
        elif isinstance(annotation, FeaturesOf):
            outputs = self._of_features(annotation, parameters)
        elif isinstance(annotation, (Reference, FeatureMeta)):
            outputs = self._of_features(FeaturesOf((annotation,)), parameters)
        else:
            message = f"{self.resolver.__name__} returns `{describe(annotation)}`, which is no feature."
            raise self._fault("annotation", message, "Return features: `-> Vessel.risk` or `-> Features[…]`.")
        frame = isinstance(annotation, DataFrameOf)
        self._check_returned(outputs, frame, takes_frame, parameters)
        return outputs[0].root, [window for output in outputs for window in output.windows()], frame

    def _check_returned(self, outputs: list[Target], frame: bool, takes_frame: bool, parameters: list) -> None:
        name = self.resolver.__name__
        if not outputs:
            raise self._fault("annotation", f"{name} returns no feature.")
        roots = {output.root.info.name for output in outputs}
        if len(roots) > 1:
            raise self._fault("annotation", f"{name} returns features of {' and '.join(sorted(roots))}.", "Split it.")
        for output in outputs:
            if len(output.path) > 1 or output.feature.meaning.target is not None:
                message = f"{name} returns `{output.fqn}`, which is not a feature of {output.root.info.name} itself."
                raise self._fault("annotation", message)
        if takes_frame and not frame:
            message = f"{name} takes a DataFrame, so it must return one."
            raise self._fault("annotation", message, "Annotate the return with `DataFrame[…]`.")
        if takes_frame and len(parameters) > 1:
            message = f"{name} takes a DataFrame and more."
            raise self._fault("annotation", message, "Put everything, `Now` too, into the columns of the DataFrame.")
        if frame and parameters and not takes_frame:
            message = f"{name} takes single values and returns a DataFrame, which is not supported yet."
            raise self._fault("annotation", message, "Take a DataFrame, or no parameters.")
        if self.resolver.max_batch_size is not None and not takes_frame:
            raise self._fault("annotation", f"{name} has a `max_batch_size`, but it does not take a DataFrame.")
        owner = outputs[0].root
        if frame and not (takes_frame and self.resolver.one_to_one) and owner.primary_key not in {output.feature.field.attribute for output in outputs}:
            message = f"{name} returns rows without their primary key `{owner.info.name}.{owner.primary_key}`."
            raise self._fault("annotation", message, "Add it to the returned DataFrame.")

    def _of_features(self, annotation: FeaturesOf, parameters: list[LinkedParameter]) -> list[Target]:
        without = {self._follow(item).fqn for item in annotation.without}
        inputs = {parameter.target.fqn for parameter in parameters if parameter.target is not None}
        return [
            target
            for target, expanded in self._expand(annotation.items)
            if target.fqn not in without and not (expanded and target.fqn in inputs)
        ]

    def _columns(self, items: tuple) -> tuple[list[Target], bool]:
        with_now = any(item is Now for item in items)
        columns = []
        for target, _expanded in self._expand(tuple(item for item in items if item is not Now)):
            if target.windowed_whole or target.through_many or target.feature.meaning.target is not None:
                message = f"`{target.fqn}` has no single value, so it cannot be a column of a DataFrame."
                raise self._fault("annotation", message, "Choose a window, or a feature of the related class.")
            columns.append(target)
        roots = {column.root.info.name for column in columns}
        if len(roots) > 1:
            message = f"A DataFrame of {self.resolver.__name__} mixes {' and '.join(sorted(roots))}."
            raise self._fault("annotation", message, "Reach the others through relationships of one class.")
        if not columns:
            raise self._fault("annotation", f"A DataFrame of {self.resolver.__name__} has no columns.")
        return columns, with_now

    def _expand(self, items: tuple) -> Iterator[tuple[Target, bool]]:
        """Targets of features; a class stands for all its scalars that no expression computes."""
        for item in items:
            item = evaluate(item, self.scope, self.place)
            if isinstance(item, FeatureMeta):
                owner = self.linked.classes[item]
                for feature in owner.scalars():
                    if not feature.computed:
                        yield self._member(owner, feature.field.attribute), True
            elif isinstance(item, Reference):
                yield self._follow(item), False
            else:
                message = f"`{describe(item)}` in a signature of {self.resolver.__name__} is no feature."
                raise self._fault("annotation", message)

    def _column(self, child: LinkedClass, item: Any) -> Target:
        attribute = attribute_of_row(item)
        if attribute is not None:
            return self._member(child, attribute)
        return self._follow(evaluate(item, self.scope, self.place))

    def _member(self, owner: LinkedClass, attribute: str) -> Target:
        return self._follow(Reference(owner.cls, (attribute,)))

    def _follow(self, reference: Any) -> Target:
        if not isinstance(reference, Reference):
            raise self._fault("annotation", f"`{describe(reference)}` is no feature.")
        target = self.linked.follow(reference, self.place)
        if target is None:
            raise DefinitionError([])
        if not isinstance(target, Target):
            raise DefinitionError([target])
        if target.feature.field.options.deprecated:
            message = f"{self.resolver.__name__} uses `{target.fqn}`, which is deprecated"
            warnings.warn_explicit(message, CretaWarning, self.place.file, self.place.line)
        return target

    def _check_promises(self, outputs: list[Target]) -> None:
        """`unique_on` and `partitioned_by` speak of outputs, each once."""
        known = {output.fqn for output in outputs}
        for option in ("unique_on", "partitioned_by"):
            given = [str(item) for item in getattr(self.resolver, option)]
            for name in dict.fromkeys(given):
                if outputs and name not in known:
                    message = f"`{option}` of {self.resolver.__name__} names `{name}`, which it does not return."
                    fix = suggestion(name, known)
                    self.letters.append(fault("annotation", message, self.place, fix).letters[0])
            if len(set(given)) < len(given):
                message = f"`{option}` of {self.resolver.__name__} names a feature twice."
                self.letters.append(fault("annotation", message, self.place).letters[0])

    def _check_clock(self) -> None:
        """A default like `datetime.now()` is the time of the deployment, which nobody means."""
        for line, call in clock_defaults(self.resolver.function):
            message = f"The signature of {self.resolver.__name__} asks for `{call}` once, when it is deployed."
            fix = "Take the query time as a parameter: `now: Now`."
            self.letters.append(fault("invalid_definition", message, Place(self.place.file, line), fix).letters[0])

    def _check_roots(self, parameters: list[LinkedParameter]) -> None:
        roots = {
            parameter.root.info.name
            for parameter in parameters
            if parameter.root is not None and not parameter.root.info.singleton
        }
        if len(roots) > 1:
            message = f"{self.resolver.__name__} takes features of {' and '.join(sorted(roots))}."
            fix = "All parameters must start from one class; reach the others through its relationships."
            self.letters.append(fault("annotation", message, self.place, fix).letters[0])
