"""The site of the documentation: ``nox -s docs`` builds it from the pages in this folder."""

from importlib.metadata import version as version_of

project = "release-recipes"
author = "the release-recipes maintainers"
version = release = version_of("release-recipes")
extensions = ["myst_parser"]
html_theme = "furo"
html_title = f"{project} {version}"
html_show_sourcelink = False
exclude_patterns = ["_site"]
myst_heading_anchors = 4
nitpicky = True
