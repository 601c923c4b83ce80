from . import viewing
