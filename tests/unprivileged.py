"""A process for which permissions hold, even where the tests run as root."""

import ctypes
import os
import warnings
from collections.abc import Callable

LINUX_CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2  # to write, and to read, where nobody may


def unprivileged(thing: Callable[[], str]) -> str:
    """What ``thing`` answers there; an exception by its name and words.

    It stays the same user, who can load from a checkout that nobody else can enter.
    """
    answer, asked = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads exist; the child needs none of them
        child = os.fork()
    if child == 0:
        try:
            give_up(CAP_DAC_OVERRIDE)
            told = thing()
        except BaseException as error:
            told = f"{type(error).__name__}: {error}"
        os.write(asked, told.encode())
        os._exit(0)
    os.close(asked)
    with os.fdopen(answer) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return told


def give_up(*capabilities: int) -> None:
    """Give up what stands above permissions: for this thread, and for good. Only root has anything to give up."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice, as 32 capabilities fit into one
    for call in (libc.capget, libc.capset):
        if call(header, sets) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        for capability in capabilities:
            sets[0] &= ~(1 << capability)
            sets[1] &= ~(1 << capability)
