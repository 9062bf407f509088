"""The version, in a module of its own because reading the installed package's metadata takes milliseconds."""

from importlib.metadata import version

__version__ = version("cchc-connect")
"""Version of the installed package: three numbers."""
