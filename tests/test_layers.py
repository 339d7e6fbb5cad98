"""The house is built as its plan says: who imports whom, who starts processes, and what is public."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType

import pytest

import release_recipes
from release_recipes.tasks import ns
from support.cli import Cli
from support.repository import Repository

ROOT = Path(release_recipes.__file__).parent

LAYERS: tuple[tuple[str, ...], ...] = (
    ("secrets", "findings"),
    ("errors", "events"),
    ("settings", "processes", "forge"),
    ("programs", "index"),
    ("project", "state", "scan"),
    ("plan", "distributions", "sessions", "workflows"),
    ("check", "prepare", "publish", "noxfile"),
    ("commands",),
    ("cli",),
    ("tasks",),
    ("",),
    ("__main__",),
)
"""The rooms, each line above those that it may import from; on one line, none imports another."""


def imports(source: Path, *, deferred: bool = True, types: bool = True) -> set[str]:
    """Return the dotted names that a module imports; without `deferred` not in functions, without `types` no types."""
    found: set[str] = set()
    nodes: list[ast.AST] = [ast.parse(source.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if not types and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
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


@pytest.mark.parametrize("module", list(SOURCES))
def test_a_module_imports_only_from_below(module: str) -> None:
    """A module imports from layers below its own, and from its own room; so an act imports no other act."""
    layer, room = home(module)
    above = {other for other in ours(imports(SOURCES[module])) if home(other)[1] != room and home(other)[0] >= layer}
    assert above == set()


def test_no_module_imports_itself_in_a_circle() -> None:
    """There is no cycle, not even one that an import inside a function or for types only would dodge."""
    graph = {name: ours(imports(source)) - {name, ""} for name, source in SOURCES.items()}
    assert list(TopologicalSorter(graph).static_order())


def importers(library: str) -> set[str]:
    """Return the modules that import a library."""
    return {
        name
        for name, source in SOURCES.items()
        if any(imported == library or imported.startswith(f"{library}.") for imported in imports(source, types=False))
    }


@pytest.mark.parametrize(
    ("library", "modules"),
    [
        ("subprocess", {"processes.process", "processes.environment"}),
        ("invoke", {"tasks"}),
        ("rich", {"cli.console", "cli.screen"}),
        ("nox", {"sessions"}),
        ("twine", {"index.twine"}),
        ("requests", {"index.client", "index.http", "index.trusted", "index.twine"}),
        ("id", {"index.trusted"}),
        ("pypi_attestations", {"index.attestations"}),
        ("sigstore", {"index.attestations"}),
        ("stamina", {"index.retry"}),
        ("pypiserver", {"index.embedded"}),
        ("keyring", {"secrets.token"}),
        ("tomlkit", {"commands.init_parts"}),
        ("apprise", {"programs.notifications"}),
    ],
)
def test_who_knows_a_library(library: str, modules: set[str]) -> None:
    """Each library is known in one place."""
    assert importers(library) == modules


def test_the_start_imports_invoke_and_nothing_heavy() -> None:
    """What every `invoke --list` imports is Invoke, what Invoke itself imports, and the tasks."""
    assert imports(SOURCES[""]) == {"importlib"}
    tasks = imports(SOURCES["tasks"], deferred=False, types=False)
    assert {name.partition(".")[0] for name in tasks} == {
        *(
            "collections",
            "contextlib",
            "difflib",
            "functools",
            "importlib",
            "inspect",
            "pathlib",
            "re",
            "sys",
            "typing",
        ),
        "invoke",
    }


def test_what_a_task_imports_is_compiled_once(quick: Repository, cli: Cli, tmp_path: Path) -> None:
    """Invoke switches that off, and uv installs without compiled files; who does not want them is heard."""
    compiled = {"PYTHONPYCACHEPREFIX": str(tmp_path / "compiled")}
    assert cli("status", cwd=quick.path, env={**compiled, "PYTHONDONTWRITEBYTECODE": "1"}).code == 0
    assert not (tmp_path / "compiled").exists()
    assert cli("status", cwd=quick.path, env=compiled).code == 0
    names = {path.name.partition(".")[0] for path in (tmp_path / "compiled").rglob("release_recipes/cli/*.pyc")}
    assert "session" in names


def test_the_public_names() -> None:
    """The package's public names are the tasks and the version."""
    assert release_recipes.ns is ns  # type: ignore[comparison-overlap,unused-ignore]
    assert release_recipes.__all__ == ["__version__", "ns"]
    public = {name for name, value in vars(release_recipes).items() if not isinstance(value, ModuleType)}
    assert {name for name in public if not name.startswith("_")} <= {"import_module"}
    assert set(ns.task_names) == {
        *("release", "rehearse", "status", "check", "bump", "test", "build", "validate", "upload", "resume", "abandon"),
        *("scan", "init", "publish", "changelog", "history", "notify", "explain"),
    }
