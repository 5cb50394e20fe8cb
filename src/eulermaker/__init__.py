"""EulerMaker Docker Optimizer: RPM packages and images, built in real containers."""

__version__ = "0.1.0"
