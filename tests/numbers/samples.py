"""Means over many draws that a page quotes, held against draws that it does not use."""


def demand_mean(values: dict, key: str, sample, draws: int, factor: float | None = None) -> None:
    """Demand that a mean over so many draws is a sample's, and its standard error, up to a factor, too.

    The means may differ by four standard errors of their difference, which chance makes once in 16,000.
    """
    spread = sample.std(ddof=1)
    assert abs(values[key] - sample.mean()) < 4 * spread * (1 / len(sample) + 1 / draws) ** 0.5, key
    if factor:
        assert 1 / factor < values[f"{key}_error"] * draws**0.5 / spread < factor, key
