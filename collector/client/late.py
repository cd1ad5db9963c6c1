"""Imports in the sender's thread, so that neither `import collector.client` nor a record waits for them."""

from __future__ import annotations

import os
import threading

# A child that is forked in the middle of an import finds that module locked for ever, so forks wait
# for whoever imports while holding this.
importing = threading.Lock()
os.register_at_fork(
    before=importing.acquire,
    after_in_parent=importing.release,
    after_in_child=importing.release,
)
