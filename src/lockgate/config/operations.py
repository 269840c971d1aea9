"""Read `[telemetry]`, `[log]` and `[detectors]`."""

from __future__ import annotations

from lockgate.config.address import address
from lockgate.config.settings import DetectorSettings, LogSettings, TelemetrySettings
from lockgate.config.table import Table

LEVELS = ("debug", "info", "warning", "error")


def telemetry(table: Table) -> TelemetrySettings:
    """Return where traces go.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    base = TelemetrySettings()
    plain = table.get("plain_http", bool, False)
    made = TelemetrySettings(
        otlp_endpoint=_endpoint(table, "otlp_endpoint", plain=plain),
        otlp_token_file=table.path("otlp_token_file"),
        plain_http=plain,
        service_name=table.get("service_name", str, base.service_name),
        sample=table.number("sample", base.sample, 0, 1),
        accept_traceparent=table.get("accept_traceparent", bool, False),
    )
    if made.otlp_token_file and not made.otlp_endpoint:
        raise table.fail("otlp_token_file", "is for no endpoint", "Set `otlp_endpoint` too.")
    table.done()
    return made


def log(table: Table) -> LogSettings:
    """Return how the process logs.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    made = LogSettings(
        format=table.choice("format", ("text", "json"), "text"), level=table.choice("level", LEVELS, "info")
    )
    table.done()
    return made


def detectors(table: Table) -> DetectorSettings:
    """Return what is looked for.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    made = DetectorSettings(names=table.choice("names", ("rules", "model"), "rules"))
    table.done()
    return made


def _endpoint(table: Table, key: str, *, plain: bool) -> str:
    """Return the address of an OTLP receiver."""
    return address(
        table,
        key,
        like="https://collector.example.com:4318/v1/traces",
        plain=plain,
        aside="Put a credential into the file named by `otlp_token_file`.",
    )
