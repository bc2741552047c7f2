"""The worker process: the protocol it speaks, and how one call becomes Python values and Arrow columns again."""
