"""Stops one thread of another process for a time, as a debugger does. Linux; as root, or of one's own child."""

import ctypes
import os
import time
from pathlib import Path

SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000


def hold_thread(pid, name, seconds):
    """OSError where that may not be done."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    thread = next(int(task.name) for task in Path(f'/proc/{pid}/task').iterdir() if (task / 'comm').read_text().strip() == name)

    def trace(request):
        if libc.ptrace(request, thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    trace(SEIZE)
    try:
        trace(INTERRUPT)
        os.waitpid(thread, WALL)
        time.sleep(seconds)
    finally:
        trace(DETACH)
