"""Use cases: pure logic plus ports, no technology names."""
