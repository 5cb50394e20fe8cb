"""The rules, a module for each subject; `ALL` has them in the order in which they are tried."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from eulermaker.features.optimizer.findings import Finding, Rule
from eulermaker.features.optimizer.rules import bases, copies, dependencies, images, packages, shells, specs
from eulermaker.features.optimizer.surroundings import Surroundings
from eulermaker.formats.dockerfile import Dockerfile

Find = Callable[[Dockerfile, Surroundings], Iterable[Finding]]

ALL: Final[tuple[Find, ...]] = (
    packages.find,
    dependencies.find,
    copies.find,
    bases.find,
    shells.find,
    images.find,
)
RULES: Final[Mapping[str, Rule]] = {
    rule.slug: rule
    for module in (packages, dependencies, copies, bases, shells, images, specs)
    for rule in module.RULES
}
