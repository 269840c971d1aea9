"""`ports.Directory` over a TOML file that an administrator, or a job, keeps."""

from lockgate.adapters.directory_file.format import parse
from lockgate.adapters.directory_file.snapshots import DirectoryFile

__all__ = ["DirectoryFile", "parse"]
