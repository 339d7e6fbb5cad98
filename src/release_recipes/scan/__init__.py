"""Find credentials by their format, in files, in distributions, and in staged files.

A finding has the place and the kind of a credential, never the credential itself. A line is ignored if it, or the line
above it, contains ``release-recipes: allow-secret``, or the comments of gitleaks and detect-secrets.

Only formats with a prefix or a frame are searched, because these have few false positives. In addition, the values are
found that a release on this machine would use.
"""
