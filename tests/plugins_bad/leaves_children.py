"""Leaves a child behind that sleeps."""

import os
import time

from plugins_bad.base import a_department
from tongban import Department, hookimpl

if os.fork() == 0:
    time.sleep(600)


@hookimpl
def tongban_department() -> Department:
    return a_department("LEAVES-CHILDREN")
