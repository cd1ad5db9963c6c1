"""How long the stretches are. They begin at full ones of UTC, which knows no daylight saving."""

FIVE_MINUTES, HOUR, DAY = TIERS_S = (300, 3600, 86_400)


def begin(moment_ms: int, tier_s: int) -> int:
    """The first moment of the stretch that one lies in."""
    return moment_ms - moment_ms % (tier_s * 1000)
