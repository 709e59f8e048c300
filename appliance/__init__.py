"""A talking box for Raspberry Pi-class hardware."""

__version__ = "0.1.0"
