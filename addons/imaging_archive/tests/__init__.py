from . import (
    test_access_rules,
    test_events,
    test_node,
    test_patient_portal,
    test_person_name,
    test_revocation,
    test_study,
    test_tickets,
    test_viewing,
)
