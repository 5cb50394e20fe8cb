"""The live view: what an engine holds, in memory, kept true by the engine's events."""
