"""`Stop`: asked once, the endpoint lets answers finish; asked again, it cuts them."""

import threading


class Stop(threading.Event):
    """Set when the endpoint is to end.

    Attributes:
        cut: set when answers under way are not to be waited for any longer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cut = threading.Event()

    def ask(self) -> None:
        """Ask the endpoint to end; again, to end at once."""
        if self.is_set():
            self.cut.set()
        self.set()
