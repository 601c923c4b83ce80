"""Write the demonstration images: ``python data/demo DIRECTORY``."""

import argparse
import datetime as dt
from pathlib import Path

from images import write_all

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("directory", type=Path)
arguments = parser.parse_args()
print(write_all(arguments.directory, dt.date.today()), "files")
