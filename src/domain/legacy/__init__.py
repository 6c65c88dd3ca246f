"""The files of the old version: which there are (files), and how each is read (one module a format)."""
