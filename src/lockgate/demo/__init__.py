"""The demonstration organization and its story. Never active outside `lockgate demo` and `lockgate try`."""
