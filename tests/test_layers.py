"""The house is built as its plan says: who imports whom, who starts processes, and what is public."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType

import pytest

import release_recipes

ROOT = Path(release_recipes.__file__).parent

LAYERS: tuple[tuple[str, ...], ...] = (
    ("secrets.mask",),
    ("secrets.token",),
    ("errors", "events", "processes.threads"),
    ("distributions.distribution", "findings"),
    ("settings",),
    ("programs.guard",),
    ("processes.process",),
    ("processes.run",),
    ("programs", "index", "state.temporary"),
    ("project",),
    ("plan", "scan"),
    ("state.atomic",),
    ("state.record",),
    ("state.lock",),
    ("state.folder",),
    ("check", "prepare", "publish"),
    ("commands.checkout", "claims"),
    ("ending",),
    ("commands.abandon",),
    ("commands.release",),
    ("commands.dist_files",),
    ("commands.rehearse", "commands.preparing", "commands.upload", "commands.status"),
    ("cli.report", "cli.console"),
    ("cli.session",),
    ("tasks",),
    ("",),
    ("__main__",),
)
"""The modules and packages, each line above those that it may import from; on one line, none imports another."""

APART = {
    "noxfile": {"sessions"},
    "sessions": {"programs.build"},
}
"""What nox loads, and no module of a release; each with what it imports."""


def imports(source: Path, *, deferred: bool = True) -> set[str]:
    """Return what of this package a module imports where it runs: dotted names without the package's own.

    What stands under `if TYPE_CHECKING:` is not run. Without `deferred`, neither is what stands in functions.
    """
    found: set[str] = set()
    nodes: list[ast.AST] = [ast.parse(source.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes += node.orelse
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not deferred:
            continue
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}: imports are absolute"
            found |= {_target(node.module or "", alias.name) for alias in node.names}
        else:
            nodes += ast.iter_child_nodes(node)
    return found


def _target(module: str, name: str) -> str:
    """Return the module that `from module import name` takes: a submodule, or the module itself."""
    below = ROOT.joinpath(*module.split(".")[1:], name)
    return f"{module}.{name}" if below.with_suffix(".py").is_file() or below.is_dir() else module


def ours(names: set[str]) -> set[str]:
    """Return the modules of this package among imported ones, without the package's name."""
    return {
        name.removeprefix("release_recipes").removeprefix(".")
        for name in names
        if name == "release_recipes" or name.startswith("release_recipes.")
    }


def module_name(source: Path) -> str:
    """Return a module's name below the package."""
    return ".".join(source.relative_to(ROOT).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


SOURCES = {module_name(source): source for source in sorted(ROOT.rglob("*.py"))}


def home(module: str) -> tuple[int, str]:
    """Return the layer of a module, counted from the ground, and the room in it."""
    for number, rooms in enumerate(LAYERS):
        for room in rooms:
            if module == room or (room and module.startswith(f"{room}.")):
                return number, room
    message = f"{module} has no layer"
    raise AssertionError(message)


@pytest.mark.parametrize("module", [name for name in SOURCES if name not in APART and ours(imports(SOURCES[name]))])
def test_a_module_imports_only_from_below(module: str) -> None:
    """A module imports from layers below its own, and from its own room; so an act imports no other act."""
    layer, room = home(module)
    above = {other for other in ours(imports(SOURCES[module])) if home(other)[1] != room and home(other)[0] >= layer}
    assert above == set()


@pytest.mark.parametrize("module", APART)
def test_what_is_loaded_by_path_stands_apart(module: str) -> None:
    """What another program loads imports nothing of the release's own."""
    assert ours(imports(SOURCES[module])) == APART[module]


def test_no_module_imports_itself_in_a_circle() -> None:
    """There is no cycle, not even one that an import inside a function would dodge."""
    graph = {name: ours(imports(source)) - {name, ""} for name, source in SOURCES.items()}
    assert list(TopologicalSorter(graph).static_order())


def importers(library: str) -> set[str]:
    """Return the modules that import a library."""
    return {
        name
        for name, source in SOURCES.items()
        if any(imported == library or imported.startswith(f"{library}.") for imported in imports(source))
    }


@pytest.mark.parametrize(
    ("library", "modules"),
    [
        ("subprocess", {"processes.process"}),
        ("invoke", {"tasks", "__main__"}),
        ("rich", {"cli.console"}),
        ("nox", {"sessions"}),
        ("twine", {"index.twine"}),
        ("stamina", {"index.retry"}),
        ("pypiserver", {"index.embedded"}),
        ("keyring", {"secrets.token"}),
    ],
)
def test_who_knows_a_library(library: str, modules: set[str]) -> None:
    """Each library is known in one place."""
    assert importers(library) == modules


def test_the_start_imports_invoke_and_nothing_heavy() -> None:
    """What every `invoke --list` imports is a line of `__init__` and the tasks."""
    assert imports(SOURCES[""], deferred=False) == {"release_recipes.tasks"}
    tasks = imports(SOURCES["tasks"], deferred=False)
    assert {name.partition(".")[0] for name in tasks} == {"__future__", "contextlib", "gc", "typing", "invoke"}


def test_the_public_names() -> None:
    """The package's public names are the tasks and the version."""
    assert release_recipes.__all__ == ["__version__", "ns"]
    public = {name for name, value in vars(release_recipes).items() if not isinstance(value, ModuleType)}
    assert {name for name in public if not name.startswith("_")} == {"ns"}
    assert set(release_recipes.ns.task_names) == {
        *("release", "rehearse", "status", "check", "bump", "test", "build", "validate", "upload", "resume", "abandon"),
        "scan",
    }
