"""One check of a probe: a configuration and a target in, a verdict out. Docs: how-to/probe-types.md."""
