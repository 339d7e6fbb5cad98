"""A package index: asked by its simple API, and uploaded to. The one embedded for rehearsals is here, too."""
