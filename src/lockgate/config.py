"""One frozen Settings tree, read from `lockgate.toml`, validated at start."""
