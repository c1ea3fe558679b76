"""How hard property tests look: a little with each change, more with ``.ci/anywhere``, and as long as one likes with
``--hypothesis-profile thorough``."""

from hypothesis import settings

SUITE, ANYWHERE, THOROUGH = "suite", "anywhere", "thorough"
_IN_SUITE, _ANYWHERE = 10, 25
_AT_LEAST = 3  # the first is the simplest there is, which finds little

# Judged by what they find, not by how busy the machine is. The suite draws the same examples each time: what it says of
# a change depends on the change alone. Longer runs draw at random.
settings.register_profile(SUITE, deadline=None, max_examples=_IN_SUITE, derandomize=True)
settings.register_profile(ANYWHERE, deadline=None, max_examples=_ANYWHERE)
settings.register_profile(THOROUGH, deadline=None, max_examples=20 * _ANYWHERE)


def is_brief() -> bool:
    """Whether this is the suite that runs with each change."""
    return settings().max_examples <= _IN_SUITE


def examples(number: int) -> int:
    """For a test whose examples are dear: this many with `ANYWHERE`, and as many times more or fewer with another
    profile as of the others."""
    return max(min(number, _AT_LEAST), number * settings().max_examples // _ANYWHERE)
