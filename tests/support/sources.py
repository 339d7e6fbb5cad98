"""A small project for each place in which a version can stand, and for each tool that takes it from a tag.

Each is at version 1.2.3. ``moved`` lists the lines that a release of 1.3.0 changes, with the number as it is then; all
other lines stay. The decoys are in every project: see ``DECOYS``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.repository import Repository

RELEASE = ("release", "--part", "minor", "--skip-tests", "--yes")

DECOYS = {
    ".gitignore": "*.egg-info/\nbuild/\ndist/\n",
    "docs/requirements.txt": "other-package==1.2.3\n",
    "CHANGES.md": "# Changes\n\n## 1.3.0\n\nNew things, since 1.2.3.\n\n## 1.2.3\n\nThe first release.\n",
    "tests/test_demo.py": '"""Tests."""\n\nPROTOCOL = {"version": "1.2.3"}\n',
    "docs/guide.md": "In 1.2.3 this was called differently.\n",
}
"""Files in which the same number is not the project's version."""


@dataclass(frozen=True)
class Source:
    """A project, and what a release of it changes."""

    files: Mapping[str, str]
    #: File and line (after the release) of each place that moves.
    moved: Mapping[str, str] = field(default_factory=dict)
    #: The form of its tags.
    tag: str = "v{version}"
    #: Whether git has to be asked by the build backend.
    from_tag: bool = False


def _toml(
    backend: str, requires: str, *more: str, project: str = 'name = "demo-package"\ndynamic = ["version"]'
) -> str:
    system = f'[build-system]\nrequires = [{requires}]\nbuild-backend = "{backend}"\n'
    return "\n".join([system, f"[project]\n{project}\n", *more])


SETUPTOOLS = ("setuptools.build_meta", '"setuptools"')
HATCH = ("hatchling.build", '"hatchling"')
FLIT = ("flit_core.buildapi", '"flit_core"')
PDM = ("pdm.backend", '"pdm-backend"')
MODULE = {"demo_package/__init__.py": '"""Demo."""\n'}
STATIC = 'name = "demo-package"\nversion = "1.2.3"'
LINE = 'version = "1.3.0"'
DUNDER = '__version__ = "1.3.0"'
VERSIONED = {"demo_package/__init__.py": '"""Demo."""\n\n__version__ = "1.2.3"\n'}
SETUP = 'from setuptools import setup\n\nsetup(name="demo-package", packages=["demo_package"], {})\n'
ATTR = '[tool.setuptools.dynamic]\nversion = {attr = "%s"}\n'
HATCH_TABLE = '[tool.hatch.version]\n{}\n\n[tool.hatch.build.targets.wheel]\npackages = ["demo_package"]\n'

SOURCES: dict[str, Source] = {
    # -- static ------------------------------------------------------------------------------------------------------
    "project-setuptools": Source(
        {"pyproject.toml": _toml(*SETUPTOOLS, project=STATIC), **MODULE}, {"pyproject.toml": LINE}
    ),
    "project-hatchling": Source({"pyproject.toml": _toml(*HATCH, project=STATIC), **MODULE}, {"pyproject.toml": LINE}),
    "project-uv-build": Source(
        {"pyproject.toml": _toml("uv_build", '"uv_build"', project=STATIC), "src/demo_package/__init__.py": ""},
        {"pyproject.toml": LINE},
    ),
    "poetry": Source(
        {
            "pyproject.toml": f'[tool.poetry]\n{STATIC}\ndescription = ""\nauthors = []\n\n'
            '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n',
            **VERSIONED,
        },
        {"pyproject.toml": LINE, "demo_package/__init__.py": DUNDER},
    ),
    "setup-cfg": Source(
        {
            "setup.cfg": "[metadata]\nname = demo-package\nversion = 1.2.3\n\n[options]\npackages = demo_package\n",
            "setup.py": "from setuptools import setup\n\nsetup()\n",
            **MODULE,
        },
        {"setup.cfg": "version = 1.3.0"},
        tag="{version}",
    ),
    "setup-py": Source(
        {"setup.py": SETUP.format('version="1.2.3"'), **MODULE},
        {"setup.py": 'setup(name="demo-package", packages=["demo_package"], version="1.3.0")'},
        tag="demo-package-{version}",
    ),
    # -- read by the backend from another file -------------------------------------------------------------------------
    "setup-py-constant": Source(
        {"setup.py": 'VERSION = "1.2.3"\n' + SETUP.format("version=VERSION"), **MODULE},
        {"setup.py": 'VERSION = "1.3.0"'},
    ),
    "setup-py-regex": Source(
        {
            "setup.py": "import re\nfrom pathlib import Path\n\ntext = Path('demo_package/__init__.py').read_text()\n"
            + SETUP.format("version=re.search(r'__version__ = \"(.*)\"', text)[1]"),
            **VERSIONED,
        },
        {"demo_package/__init__.py": DUNDER},
    ),
    "setup-py-exec": Source(
        {
            "setup.py": "scope = {}\nwith open('demo_package/version.py') as file:\n    exec(file.read(), scope)\n"
            + SETUP.format("version=scope['version']"),
            **MODULE,
            "demo_package/version.py": "version = '1.2.3'\r\n",
        },
        {"demo_package/version.py": "version = '1.3.0'"},
        tag="rel_{version}",
    ),
    "setup-cfg-attr": Source(
        {
            "setup.cfg": "[metadata]\nname = demo-package\nversion = attr: demo_package.__version__\n\n"
            "[options]\npackages = demo_package\n",
            "setup.py": "from setuptools import setup\n\nsetup()\n",
            **VERSIONED,
        },
        {"demo_package/__init__.py": DUNDER},
    ),
    "setup-cfg-file": Source(
        {
            "setup.cfg": "[metadata]\nname = demo-package\nversion = file: VERSION\n\n"
            "[options]\npackages = demo_package\n",
            "setup.py": "from setuptools import setup\n\nsetup()\n",
            "VERSION": "1.2.3",
            **MODULE,
        },
        {"VERSION": "1.3.0"},
    ),
    "setuptools-attr": Source(
        {"pyproject.toml": _toml(*SETUPTOOLS, ATTR % "demo_package.__version__"), **VERSIONED},
        {"demo_package/__init__.py": DUNDER},
    ),
    "setuptools-tuple": Source(
        {
            "pyproject.toml": _toml(*SETUPTOOLS, ATTR % "demo_package.about.VERSION"),
            **MODULE,
            "demo_package/about.py": "VERSION = (1, 2, 3)\n",
        },
        {"demo_package/about.py": "VERSION = (1, 3, 0)"},
    ),
    "setuptools-file": Source(
        {
            "pyproject.toml": _toml(
                *SETUPTOOLS, '[tool.setuptools.dynamic]\nversion = {file = ["demo_package/VERSION"]}\n'
            ),
            **MODULE,
            "demo_package/VERSION": "1.2.3\n",
        },
        {"demo_package/VERSION": "1.3.0"},
    ),
    "hatch-path": Source(
        {
            "pyproject.toml": _toml(*HATCH, HATCH_TABLE.format('path = "demo_package/__about__.py"')),
            **MODULE,
            "demo_package/__about__.py": '__version__ = "1.2.3"\n',
        },
        {"demo_package/__about__.py": DUNDER},
    ),
    "hatch-pattern": Source(
        {
            "pyproject.toml": _toml(
                *HATCH,
                HATCH_TABLE.format('path = "demo_package/data.py"\npattern = "RELEASED = \\"(?P<version>[^\\"]+)\\""'),
            ),
            **MODULE,
            "demo_package/data.py": 'RELEASED = "1.2.3"\n',
        },
        {"demo_package/data.py": 'RELEASED = "1.3.0"'},
    ),
    "hatch-code": Source(
        {
            "pyproject.toml": _toml(
                *HATCH, HATCH_TABLE.format('source = "code"\npath = "demo_package/version.py"\nexpression = "read()"')
            ),
            **MODULE,
            "demo_package/version.py": "NUMBERS = (\n    1,\n    2,\n    3,\n)\n\n\ndef read():\n"
            '    return ".".join(map(str, NUMBERS))\n',
        },
        {"demo_package/version.py": "    0,"},
    ),
    "hatch-nodejs": Source(
        {
            "pyproject.toml": _toml(
                HATCH[0], '"hatchling", "hatch-nodejs-version"', HATCH_TABLE.format('source = "nodejs"')
            ),
            **MODULE,
            "package.json": '{\n  "name": "demo-package",\n  "version": "1.2.3",\n'
            '  "dependencies": {"left": "1.2.3"}\n}\n',
        },
        {"package.json": '  "version": "1.3.0",'},
    ),
    "flit": Source(
        {
            "pyproject.toml": _toml(*FLIT, project='name = "demo_package"\ndynamic = ["version", "description"]'),
            **VERSIONED,
        },
        {"demo_package/__init__.py": DUNDER},
    ),
    "flit-import": Source(
        {
            "pyproject.toml": _toml(*FLIT, project='name = "demo_package"\ndynamic = ["version", "description"]'),
            "demo_package/__init__.py": '"""Demo."""\n\nfrom ._numbers import __version__\n',
            "demo_package/_numbers.py": '__version__ = "1.2.3"\n',
        },
        {"demo_package/_numbers.py": DUNDER},
    ),
    "pdm-file": Source(
        {
            "pyproject.toml": _toml(*PDM, '[tool.pdm.version]\nsource = "file"\npath = "demo_package/__init__.py"\n'),
            **VERSIONED,
        },
        {"demo_package/__init__.py": DUNDER},
    ),
    "pdm-call": Source(
        {
            "pyproject.toml": _toml(*PDM, '[tool.pdm.version]\nsource = "call"\ngetter = "numbers_of:read"\n'),
            **MODULE,
            "numbers_of.py": 'NUMBER = "1.2.3"\n\n\ndef read():\n    return NUMBER\n',
        },
        {"numbers_of.py": 'NUMBER = "1.3.0"'},
    ),
    "incremental": Source(
        {
            "pyproject.toml": _toml(
                SETUPTOOLS[0], '"setuptools", "incremental"', '[tool.incremental]\nname = "demo_package"\n'
            ),
            **MODULE,
            "demo_package/_version.py": "from incremental import Version\n\n"
            '__version__ = Version("demo_package", 1, 2, 3)\n__all__ = ["__version__"]\n',
        },
        {"demo_package/_version.py": '__version__ = Version("demo_package", 1, 3, 0)'},
    ),
    # -- from tags -----------------------------------------------------------------------------------------------------
    "setuptools-scm": Source(
        {"pyproject.toml": _toml(SETUPTOOLS[0], '"setuptools", "setuptools-scm"', "[tool.setuptools_scm]\n"), **MODULE},
        from_tag=True,
    ),
    "setuptools-scm-copy": Source(
        {
            "pyproject.toml": _toml(SETUPTOOLS[0], '"setuptools", "setuptools-scm"', "[tool.setuptools_scm]\n"),
            **MODULE,
            "CITATION.cff": "cff-version: 1.2.0\ntitle: demo-package\nversion: 1.2.3\n",
        },
        {"CITATION.cff": "version: 1.3.0"},
        tag="{version}",
        from_tag=True,
    ),
    "hatch-vcs": Source(
        {"pyproject.toml": _toml(HATCH[0], '"hatchling", "hatch-vcs"', HATCH_TABLE.format('source = "vcs"')), **MODULE},
        tag="{version}",
        from_tag=True,
    ),
    "pdm-scm": Source(
        {"pyproject.toml": _toml(*PDM, '[tool.pdm.version]\nsource = "scm"\n'), **MODULE},
        tag="demo-package-{version}",
        from_tag=True,
    ),
    "versioningit": Source(
        {"pyproject.toml": _toml(SETUPTOOLS[0], '"setuptools", "versioningit"', "[tool.versioningit]\n"), **MODULE},
        from_tag=True,
    ),
    "uv-dynamic-versioning": Source(
        {
            "pyproject.toml": _toml(
                HATCH[0], '"hatchling", "uv-dynamic-versioning"', HATCH_TABLE.format('source = "uv-dynamic-versioning"')
            ),
            **MODULE,
        },
        from_tag=True,
    ),
    "poetry-dynamic-versioning": Source(
        {
            "pyproject.toml": '[tool.poetry]\nname = "demo-package"\nversion = "0.0.0"\ndescription = ""\n'
            "authors = []\n\n[tool.poetry-dynamic-versioning]\nenable = true\n\n[build-system]\n"
            'requires = ["poetry-core", "poetry-dynamic-versioning"]\n'
            'build-backend = "poetry_dynamic_versioning.backend"\n',
            **MODULE,
        },
        from_tag=True,
    ),
    "pbr": Source(
        {
            "setup.cfg": "[metadata]\nname = demo-package\n\n[files]\npackages = demo_package\n",
            "setup.py": 'from setuptools import setup\n\nsetup(setup_requires=["pbr"], pbr=True)\n',
            "pyproject.toml": '[build-system]\nrequires = ["setuptools", "pbr"]\nbuild-backend = "pbr.build"\n',
            **MODULE,
        },
        tag="{version}",
        from_tag=True,
    ),
    "setuptools-git-versioning": Source(
        {
            "pyproject.toml": _toml(
                SETUPTOOLS[0],
                '"setuptools", "setuptools-git-versioning"',
                "[tool.setuptools-git-versioning]\nenabled = true\n",
            ),
            **MODULE,
        },
        from_tag=True,
    ),
    "dunamai": Source(
        {
            "pyproject.toml": '[build-system]\nrequires = ["setuptools", "dunamai"]\n'
            'build-backend = "setuptools.build_meta"\n',
            "setup.py": "from pathlib import Path\n\nfrom dunamai import Version\n\n"
            "info = Path('PKG-INFO')\nlines = info.read_text().splitlines() if info.exists() else []\n"
            "said = [line.split()[1] for line in lines if line.startswith('Version:')]\n"
            + SETUP.format("version=said[0] if said else Version.from_git().serialize()"),
            **MODULE,
        },
        from_tag=True,
    ),
}


def make_source(folder: Path, source: Source) -> Repository:
    """Make the repository: version 1.2.3 is tagged in the project's form, and a commit came after it."""
    repository = Repository(folder, remote=folder.with_name("remote.git"))
    folder.mkdir()
    repository.git("init", "--quiet", "--initial-branch=trunk")
    for relative, text in {**DECOYS, **source.files, "README.md": "Demo.\n"}.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    repository.commit("the first release")
    tag = source.tag.format(version="1.2.3")
    repository.git("tag", "--annotate", "--message=1.2.3", tag.replace(".", "_") if tag.startswith("rel_") else tag)
    repository.write("news.md", "New.\n")
    repository.commit("something to release")
    repository.git("init", "--quiet", "--bare", "--initial-branch=trunk", str(repository.remote))
    repository.git("remote", "add", "origin", str(repository.remote))
    repository.git("push", "--quiet", "--tags", "--set-upstream", "origin", "trunk")
    return repository
