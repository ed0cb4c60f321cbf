"""`make up`: the whole system on one machine, as processes that one supervisor starts, watches and stops."""
