"""RPM and image builds: queue, run, log, artifacts."""
