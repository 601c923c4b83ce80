from . import test_access_log, test_access_rules, test_devices, test_roles, test_translations
