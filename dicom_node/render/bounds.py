"""What a process of the renderer may take."""

import resource

from dicom_node.web.draw import prepare

# Bytes: bounds nothing but a defect. Volumes are mapped, and count in full.
_ADDRESS_SPACE = 1 << 36


def bound(memory: int) -> None:
    """Limit this process before it meets any data; *memory* in bytes, without the volumes."""
    prepare(_ADDRESS_SPACE)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
