"""The version of the package; a file of its own, so that the package's modules need not import the public names."""

__version__ = "0.1.0"
