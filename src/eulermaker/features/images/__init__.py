"""Images: what the engine holds, pulls with progress, imports and exports."""
