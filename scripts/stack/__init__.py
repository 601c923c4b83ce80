"""Sets up, starts and watches all processes of the product on one Debian machine.

Only the standard library is used: this code runs before anything is installed.
"""
