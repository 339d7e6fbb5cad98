"""A package index: its simple API, uploads to it, and the embedded index for rehearsals."""
