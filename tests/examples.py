"""How hard property tests look: a little each time, and as long as one likes with ``--hypothesis-profile thorough``."""

from hypothesis import settings

SUITE, THOROUGH = "suite", "thorough"
_IN_SUITE = 25

# Judged by what they find, not by how busy the machine is. The suite draws the same examples each time: what it says of
# a change depends on the change alone. Thorough runs draw at random.
settings.register_profile(SUITE, deadline=None, max_examples=_IN_SUITE, derandomize=True)
settings.register_profile(THOROUGH, deadline=None, max_examples=20 * _IN_SUITE)


def examples(number: int) -> int:
    """For a test whose examples are dear: this many in the suite, and as many times more elsewhere as of the others."""
    return max(1, number * settings().max_examples // _IN_SUITE)
