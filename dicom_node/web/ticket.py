"""What a ticket says, once it is checked (docs/architecture.md)."""

from dataclasses import dataclass

from dicom_node.web.problem import Problem


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the bearer may do. Of ``studies`` and ``hospitals`` one is None."""

    id: str
    subject: str
    studies: frozenset[str] | None
    hospitals: frozenset[str] | None
    permissions: frozenset[str]
    anonymous: bool
    purpose: str
    # What to show of the subject.
    label: str = ""

    def require(self, permission: str) -> None:
        if permission not in self.permissions:
            raise Problem(403, "permission_denied", f"The ticket does not allow to {permission}.")
