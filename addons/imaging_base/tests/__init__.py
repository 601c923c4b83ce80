from . import (
    test_access_log,
    test_access_rules,
    test_answers,
    test_devices,
    test_people,
    test_roles,
    test_translations,
)
