"""A configuration that tests change in one place."""

BASE = """
data = "state"
[server]
port = 9000
[[applications]]
id = "cli"
[labels]
prompt = "general"
[[collections]]
name = "share"
path = "share"
[[collections]]
name = "other"
path = "other"
[[models]]
id = "cloud"
base_url = "https://api.example/v1"
model = "big"
ceiling = "general"
[[models]]
id = "spare"
kind = "extractive"
[[assistants]]
id = "assistant"
model = "cloud"
collections = ["share"]
users = ["group:staff"]
"""
