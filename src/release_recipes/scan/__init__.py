"""Find credentials by their format, in files, in distributions, and in what is staged for a commit.

What is found tells the place and the kind, never the credential. A line is left out that says so itself, or that stands
below one that does: ``release-recipes: allow-secret``, or the words of gitleaks and detect-secrets.

Only named formats are looked for, to which their issuers gave a prefix or a frame: these are rarely wrong, and a hook
that is often wrong is turned off. Besides, every value is found that a release on this machine would use.
"""
