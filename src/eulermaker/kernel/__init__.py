"""What every other part stands on: settings, database, faults, calls, telemetry."""
