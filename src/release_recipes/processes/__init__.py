"""Processes: how one is started, read and ended. Nothing outside of this package starts one."""
