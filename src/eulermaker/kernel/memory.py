"""What the garbage collector need not look at again and again."""

import gc


def settle() -> None:
    """What lives now lives on: no later collection looks at it.

    A full collection that looks at everything a large installation keeps stops every request for
    100 ms and more. This one does, so it belongs where much was loaded that stays.
    """
    gc.collect()
    gc.freeze()
