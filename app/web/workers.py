"""Worker processes must not outlive the process that started them."""

import multiprocessing
import os
import signal
import threading


def end_with_parent() -> None:
    """In a worker, end when the parent process is gone, however it went; elsewhere, nothing."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()
