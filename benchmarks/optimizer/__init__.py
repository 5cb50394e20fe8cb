"""What optimizing saves on real packages: `make bench-optimizer`."""
