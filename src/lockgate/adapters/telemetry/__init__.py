"""OpenTelemetry traces. Only where `[telemetry]` names a receiver is anything of this loaded."""
