"""What the metrics of this process show."""

from kit.telemetry import metrics


def measured(name: str, **labels: str) -> float:
    """The value of `coalition_<name>` now; 0 where nothing was measured yet."""
    return metrics.registry.get_sample_value(f"coalition_{name}", labels) or 0.0
